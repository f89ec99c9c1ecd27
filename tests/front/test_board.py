from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import aqa_bench as aqa
from aqa_bench.boards.building.problems import committed_boards
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.registry import open_dataset
from aqa_bench.front.running import open_run

DATASET = "stick-figures/shoulder-press"
ROOT = Path(__file__).resolve().parents[2]


def test_without_labels_the_rows_are_those_of_the_committed_table() -> None:
    board = aqa.leaderboard("pose-trainer/bicep-curl", scheme="folds")
    committed = committed_boards(ROOT / "leaderboards" / "v2" / "pose-trainer-bicep-curl")
    assert committed is not None
    (rows,) = [each.rows for each in committed.boards if each.scheme == "folds"]
    assert board["method"].tolist() == [row.method for row in rows]
    assert board["value"].tolist() == [row.value for row in rows]
    assert board["rank"].tolist() == [row.rank for row in rows]
    assert board.attrs["version"] == "v2"
    assert board.attrs["floor"] == 0.625


def test_a_dataset_of_an_earlier_protocol_alone_shows_that_one() -> None:
    board = aqa.leaderboard("synthetic-gym/backsquat", task="ss")
    assert board.attrs["version"] == "v1"
    assert set(board["origin"]) == {"board"}


def test_own_runs_stand_among_the_rows(submissions: Path, synthetic: ModuleType, tmp_path: Path) -> None:
    dataset = open_dataset(DATASET)
    runs = [
        synthetic.write_run(tmp_path / "runs", "mine", synthetic.noisy(dataset, 0.95, seed), seed=seed)
        for seed in range(2)
    ]
    board = aqa.leaderboard(DATASET, extra=[runs[0], open_run(runs[1])], submissions=submissions)
    (own,) = [row for row in board.itertuples() if row.origin == "own"]
    assert (own.method, own.seeds, own.rank) == ("mine", 2, 1)
    assert board["method"].tolist()[-1] == "constant"
    assert type(board[board["origin"] == "own"]) is pd.DataFrame


def test_runs_of_other_data_stand_apart(submissions: Path, synthetic: ModuleType, tmp_path: Path) -> None:
    other = synthetic.write_run(tmp_path / "runs", "mine", 0.5, dataset_fingerprint="0" * 64)
    board = aqa.leaderboard(DATASET, extra=[other], submissions=submissions)
    (own,) = board[board["origin"] == "own"].itertuples()
    record = open_run(other).record
    assert own.value == record.metrics["form"]["accuracy"].value
    assert pd.isna(own.rank)
    assert "different data" in own.why_unranked
    assert board["rank"].notna().sum() == 3


def test_evaluated_scores_stand_among_the_rows(submissions: Path, judged: pd.DataFrame) -> None:
    ev = aqa.evaluate(judged, DATASET, name="a coach", submissions=submissions)
    board = aqa.leaderboard(DATASET, extra=[ev], submissions=submissions)
    (own,) = board[board["origin"] == "own"].itertuples()
    assert (own.method, own.rank) == ("a coach", ev.rank)
    assert own.value == pytest.approx(ev.table["value"][0], abs=1e-6)


def test_what_is_not_of_the_board_is_refused(
    submissions: Path, synthetic: ModuleType, tmp_path: Path
) -> None:
    run = synthetic.write_run(tmp_path / "runs", "mine", 0.5, scheme="one-class")
    assert aqa.leaderboard(DATASET, extra=[run], submissions=submissions).attrs["scheme"] == "one-class"
    with pytest.raises(UsageError, match="does not belong to this board"):
        aqa.leaderboard(DATASET, extra=[run], scheme="folds", submissions=submissions)
    with pytest.raises(UsageError, match="Did you mean 'form'"):
        aqa.leaderboard(DATASET, "from")


def test_what_is_no_run_and_a_folder_that_is_not_there_are_refused(submissions: Path) -> None:
    with pytest.raises(UsageError, match="cannot be ranked"):
        aqa.leaderboard(DATASET, extra=[3])  # type: ignore[list-item]
    with pytest.raises(DataError, match="no folder of submissions"):
        aqa.leaderboard(DATASET, submissions=submissions / "nowhere")
    run = next(iter((submissions / DATASET / "fair").iterdir()))
    assert "own" in set(aqa.leaderboard(DATASET, extra=run, submissions=submissions)["origin"])


def test_a_dataset_without_a_board_shows_own_runs_alone(submissions: Path) -> None:
    run = next(iter((submissions / DATASET / "fair").iterdir()))
    board = aqa.leaderboard(DATASET, extra=[run])
    assert board["method"].tolist() == ["fair"]
    assert board.attrs["version"] == ""
    assert aqa.leaderboard(DATASET).empty
