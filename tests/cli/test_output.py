from __future__ import annotations

import re
import sys

import pytest

from aqa_bench.cli.main import main
from aqa_bench.cli.output import table

HEADER = ["method", "needs", "recipes", "idea"]
ROWS = [
    ["stgcn-ocsvm", "keypoints", "quick, paper", "a graph network and a one-class machine " * 4],
    ["cvcspc", "frames or image", "quick, paper, repo", "frames at the same elevation are drawn together"],
]
WORDS = {word for row in [HEADER, *ROWS] for cell in row for word in cell.split()} - {HEADER[0]}


@pytest.mark.parametrize("columns", [20, 60, 80, 120, 200])
def test_a_terminal_sees_whole_words_within_its_width(columns: int, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    table(HEADER, ROWS)
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, out.splitlines())) <= columns
    assert set(out.replace(":", " ").split()) >= WORDS


def test_a_stream_that_the_shell_closed_is_missed_by_nobody(monkeypatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(["list", "datasets"]) == 0
    assert main(["list", "nothing"]) == 2


def test_a_pipe_gets_one_line_per_row_without_padding(capsys) -> None:
    table(HEADER, ROWS)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert len(lines) == 2 + len(ROWS)
    assert all(line == line.rstrip() for line in lines)
    assert len(lines[1]) < 80
