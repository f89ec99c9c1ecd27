from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import aqa_bench as aqa
from aqa_bench.core.errors import UsageError
from aqa_bench.front.plots import dots
from aqa_bench.front.running import open_run

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def pyplot(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    module = pytest.importorskip("matplotlib.pyplot")
    yield module
    module.close("all")


def drawn(ax) -> list[tuple[list[float], list[float], str]]:
    return [(list(line.get_xdata()), list(line.get_ydata()), line.get_linestyle()) for line in ax.lines]


def test_dots_intervals_and_floors_lie_where_their_numbers_are(pyplot) -> None:
    ax = dots([("a", 0.7, 0.5, 0.8, True), ("b", None, None, None, False)], [0.6, None], "F1")
    assert drawn(ax)[:2] == [([0.5, 0.8], [0, 0], "-"), ([0.7], [0], "-")]
    assert drawn(ax)[2][:2] == ([0.6, 0.6], [-0.5, 0.5])
    assert len(ax.lines) == 3
    assert ax.lines[2].get_linestyle() == "--"
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert dots([("a", 0.7, 0.5, 0.8, True)], [0.1], "F1", ax) is ax


def test_runs_boards_and_evaluations_draw_themselves(pyplot, submissions: Path, judged: pd.DataFrame) -> None:
    ev = aqa.evaluate(judged, DATASET, name="a coach", submissions=submissions)
    (row,) = ev.table.to_dict("records")
    assert drawn(ev.plot())[:2] == [([row["low"], row["high"]], [0, 0], "-"), ([row["value"]], [0], "-")]
    board = aqa.leaderboard(DATASET, extra=[ev], submissions=submissions)
    ax = board.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        f"{r.method} {r.recipe}".strip() for r in board.itertuples()
    ]
    dot = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in dot] == board["value"].tolist()
    unscored = open_run(next(iter((submissions / DATASET / "fair").iterdir())))
    with pytest.raises(KeyError):
        unscored.plot()


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"aqa-bench\[site\]"):
        dots([("a", 0.7, 0.5, 0.8, True)], [0.6], "F1")
