from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.runs import find_runs
from aqa_bench.core.cards import Decision
from aqa_bench.core.errors import DataError
from aqa_bench.core.record import read_record
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.row_key import row_key
from aqa_bench.front.running import contender_of, open_run
from aqa_bench.front.standings import Contender, Origin, board_runs, printed, rank_among

DATASET = "stick-figures/shoulder-press"


def ranked(submissions: Path, *own: Contender):
    dataset = open_dataset(DATASET)
    runs = board_runs(submissions, DATASET, "folds", "form")
    return rank_among(dataset, dataset.card.tasks[0], dataset.card.scheme("folds"), runs, own)


def numbers(lines) -> list[tuple[object, ...]]:
    rounded = lambda value: None if value is None else round(value, 6)  # noqa: E731
    return [
        (
            x.method,
            x.recipe,
            x.rank,
            x.rank_low,
            x.rank_high,
            *map(rounded, (x.value, x.low, x.high, x.skill)),
        )
        for x in lines
    ]


def test_without_own_scores_the_lines_are_the_board(submissions: Path) -> None:
    (board,) = assemble("v2", open_dataset(DATASET), find_runs(submissions)).boards
    found = ranked(submissions)
    assert numbers(found.lines) == numbers(printed(board))
    assert found.floor == pytest.approx(board.floor)
    assert (found.version, found.metric, found.ranked) == ("v2", "accuracy", 3)
    assert found.best is not None
    assert found.best.method == "good"


def test_own_scores_are_ranked_as_a_submission_of_them_would_be(
    submissions: Path, synthetic: ModuleType, tmp_path: Path
) -> None:
    scores = synthetic.noisy(open_dataset(DATASET), 0.6, 30)
    mine = open_run(synthetic.write_run(tmp_path / "runs", "mine", scores, scored=False))
    found = ranked(submissions, contender_of([mine]))
    synthetic.write_run(submissions, "mine", scores, scored=False)
    (board,) = assemble("v2", open_dataset(DATASET), find_runs(submissions)).boards
    expected = {x.method: (x.rank, x.rank_low, x.rank_high, round(x.value or 0, 6)) for x in board.rows}
    assert {
        x.method: (x.rank, x.rank_low, x.rank_high, round(x.value or 0, 6)) for x in found.lines
    } == expected
    (own,) = [line for line in found.lines if line.origin is Origin.OWN]
    assert (own.method, own.scored, own.runs) == ("mine", 60, (mine.record.run_id,))


def test_a_run_of_a_row_stands_in_its_place(submissions: Path) -> None:
    folder = next(iter((submissions / DATASET / "fair").iterdir()))
    found = ranked(submissions, contender_of([open_run(folder)]))
    assert [line.method for line in found.lines].count("fair") == 1
    assert contender_of([open_run(folder)]).key == row_key(read_record(folder))


def test_fewer_samples_and_oracles_have_no_rank(submissions: Path, judged: pd.DataFrame) -> None:
    dataset = open_dataset(DATASET)
    splits = dataset.splits("form", "folds")
    table = pd.DataFrame(
        [(i, "form", s.id, "test", 0.5) for s in splits for i in s.test],
        columns=["sample_id", "task", "fold", "split", "score"],
    )
    few = Contender("few", "", (table[table["sample_id"] != splits[0].test[0]],), Decision.TUNED)
    oracle = Contender("oracle", "", (table,), Decision.TUNED, oracle=("keypoints",))
    lines = {line.method: line for line in ranked(submissions, few, oracle).lines}
    assert lines["few"].rank is None
    assert lines["few"].why_unranked == "scored on 59 samples, the other rows on 60"
    assert lines["oracle"].rank is None
    assert "oracle" in lines["oracle"].why_unranked


def test_own_scores_alone_are_ranked_among_themselves(submissions: Path, tmp_path: Path) -> None:
    run = open_run(next(iter((submissions / DATASET / "fair").iterdir())))
    found = ranked(tmp_path, contender_of([run]))
    assert [(line.rank, line.rank_low, line.rank_high) for line in found.lines] == [(1, 1, 1)]
    assert found.version == ""


def test_a_run_that_was_set_aside_is_not_of_the_board(submissions: Path) -> None:
    folder = next(iter((submissions / DATASET / "fair").iterdir()))
    shutil.copytree(folder, folder.with_name(f".{folder.name}.other-code"))
    assert len(board_runs(submissions, DATASET, "folds", "form")) == 4


def test_a_damaged_submission_is_said(submissions: Path) -> None:
    file = next(iter((submissions / DATASET / "fair").iterdir())) / "predictions.csv"
    file.write_text(file.read_text().replace("0.", "0.9", 1))
    with pytest.raises(DataError, match="A submission is damaged"):
        ranked(submissions)
