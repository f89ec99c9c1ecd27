from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.registry import open_dataset
from aqa_bench.front.local_runs import find_local, local_standings

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def runs(synthetic: ModuleType, tmp_path: Path) -> Path:
    """Two seeds of one method, and another method under another scheme."""
    root = tmp_path / "here" / "runs"
    dataset = open_dataset(DATASET)
    for seed in range(2):
        synthetic.write_run(root, "mine", synthetic.noisy(dataset, 0.5, seed), seed=seed)
    synthetic.write_run(root, "other", 0.5, scheme="one-class")
    return root


def test_runs_are_found_at_any_depth_and_shown_by_board(runs: Path, submissions: Path) -> None:
    found = local_standings([runs.parent], submissions=submissions)
    assert not found.left_out
    assert [(board.scheme, board.version) for board in found.boards] == [("folds", "v2"), ("one-class", "")]
    folds, one_class = found.boards
    assert {(line.method, line.seeds, line.origin.value) for line in folds.lines} == {
        ("good", 2, "board"), ("fair", 1, "board"), ("constant", 1, "board"), ("mine", 2, "own"),
    }  # fmt: skip
    assert [line.method for line in one_class.lines] == ["other"]
    assert folds.floor == 0.6


def test_a_dataset_and_a_task_can_be_chosen(runs: Path) -> None:
    assert not local_standings([runs], "pose-trainer/bicep-curl").boards
    assert len(local_standings([runs], DATASET, "form").boards) == 2
    with pytest.raises(UsageError, match="Did you mean 'form'"):
        local_standings([runs], DATASET, "fom")


def test_what_cannot_be_shown_is_named(runs: Path, synthetic: ModuleType) -> None:
    first = next(runs.rglob("run.json")).parent
    shutil.copytree(first, runs / "copy")
    broken = runs / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{}")
    shutil.copytree(first, runs / ".hidden")
    old = synthetic.write_run(runs, "old", 0.5, benchmark_version="v1")
    found, left_out = find_local([runs, runs])
    assert len(found) == 3
    assert left_out[str(broken)] == "A run's record does not follow the schema."
    assert left_out[str(old)] == "it uses protocol v1"
    assert any("the same run as" in why for why in left_out.values())
    assert not any(".hidden" in name for name in left_out)


def test_no_such_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="The folder does not exist"):
        local_standings([tmp_path / "none"])
