from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import f1_score

from aqa_bench.boards.assemble import assemble
from aqa_bench.boards.building.leaderboard import build, check
from aqa_bench.boards.runs import find_runs
from aqa_bench.boards.slices import SLICES_FILE, read_slices, slice_boards
from aqa_bench.core.cards import Decision
from aqa_bench.core.condition import Condition
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.registry import open_dataset


def measured(name: str) -> float:
    """A number that follows from the id and from nothing else."""
    return float(sum(name.encode()) % 97)


def conditions(dataset: Dataset) -> list[Condition]:
    values = {name: measured(name) for name in dataset.targets("form")}
    return [Condition("size", "m", values, of_errors=True), Condition("angle", "degrees", values)]


@pytest.fixture
def conditioned(monkeypatch: pytest.MonkeyPatch, synthetic: ModuleType) -> Dataset:
    dataset = open_dataset(synthetic.DATASET)

    def known(self: Dataset, task: str) -> Sequence[Condition]:
        assert task == "form"
        return conditions(self)

    monkeypatch.setattr(type(dataset), "conditions", known)
    return dataset


def test_f1_on_each_third_is_sklearns(conditioned: Dataset, synthetic: ModuleType, tmp_path: Path) -> None:
    for seed in range(2):
        scores = synthetic.noisy(conditioned, 0.4, seed)
        synthetic.write_run(tmp_path, "m", scores, seed=seed, decision=Decision.OWN, scored=False)
    runs = find_runs(tmp_path)
    size, angle = slice_boards(assemble("v2", conditioned, runs), conditioned, runs).boards
    targets = conditioned.targets("form")
    ids = sorted(targets)
    errors = sorted((i for i in ids if targets[i]), key=measured)
    clean = [i for i in ids if not targets[i]]
    for sliced, among, beside in ((size, errors, clean), (angle, sorted(ids, key=measured), [])):
        assert sliced.of_errors is bool(beside)
        values = np.array([measured(i) for i in among])
        cuts = [-1.0, *np.quantile(values, [1 / 3, 2 / 3], method="higher"), 1e9]
        for k, (start, stop) in enumerate(pairwise(cuts)):
            part = [i for i in among if start <= measured(i) < stop]
            chosen = [*part, *beside]
            positive = sum(targets[i] for i in chosen)
            shown = sliced.parts[k]
            assert (shown.samples, shown.positive) == (len(chosen), positive)
            assert (shown.low, shown.high) == (measured(part[0]), measured(part[-1]))
            assert shown.floor == pytest.approx(2 * positive / (positive + len(chosen)), abs=1e-4)
            expected = []
            for run in runs:
                table = read_predictions(run.folder / "predictions.csv")
                test = table[(table["split"] == "test") & table["sample_id"].isin(chosen)]
                expected += [
                    f1_score(rows["sample_id"].map(dict(targets)), rows["score"] >= 0.5)
                    for _, rows in test.groupby(test["fold"].str[:2])
                ]
            (row,) = sliced.rows
            value, low, high = row.values[k], row.low[k], row.high[k]
            assert value == pytest.approx(np.mean(expected), abs=1e-4)
            assert low is not None
            assert high is not None
            assert value is not None
            assert low < value < high


def test_the_best_row_of_each_method_is_split_and_no_control(
    conditioned: Dataset, synthetic: ModuleType, tmp_path: Path
) -> None:
    for recipe, skill in (("good", 0.9), ("bad", 0.1)):
        scores = synthetic.noisy(conditioned, skill, 1)
        synthetic.write_run(tmp_path, "m", scores, recipe=recipe, scored=False)
    synthetic.write_run(tmp_path, "floor", 1.0, control=True, scored=False)
    runs = find_runs(tmp_path)
    sliced = slice_boards(assemble("v2", conditioned, runs), conditioned, runs).boards
    assert [[(row.method, row.recipe) for row in board.rows] for board in sliced] == [[("m", "good")]] * 2


def test_slices_are_built_read_and_checked(
    conditioned: Dataset, synthetic: ModuleType, tmp_path: Path
) -> None:
    submissions, boards = tmp_path / "submissions", tmp_path / "leaderboards"
    synthetic.write_run(submissions, "m", synthetic.noisy(conditioned, 0.4, 1))
    (folder,) = map(Path, build(submissions, boards).written)
    assert [board.condition for board in read_slices(folder)] == ["size", "angle"]
    assert check(submissions, boards).ok
    document = json.loads((folder / SLICES_FILE).read_text())
    document["boards"][0]["rows"][0]["values"][1] = 0.9999
    (folder / SLICES_FILE).write_text(json.dumps(document, indent=2) + "\n")
    assert any(SLICES_FILE in problem.path for problem in check(submissions, boards).problems)
    (folder / SLICES_FILE).write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        read_slices(folder)


def test_datasets_that_measure_nothing_have_no_slices(synthetic: ModuleType, tmp_path: Path) -> None:
    dataset = open_dataset(synthetic.DATASET)
    synthetic.write_run(tmp_path / "submissions", "m", synthetic.noisy(dataset, 0.4, 1), scored=False)
    (folder,) = map(Path, build(tmp_path / "submissions", tmp_path / "leaderboards").written)
    assert not (folder / SLICES_FILE).exists()
    assert read_slices(folder) == ()


def test_fewer_errors_than_thirds_make_fewer_parts(
    conditioned: Dataset, synthetic: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = sorted(name for name, target in conditioned.targets("form").items() if target)
    few = dict.fromkeys(conditioned.targets("form"), 0.0) | dict.fromkeys(errors[:2], 1.0)
    monkeypatch.setattr(type(conditioned), "targets", lambda self, task: few)
    synthetic.write_run(tmp_path, "m", 1.0, decision=Decision.OWN, scored=False)
    runs = find_runs(tmp_path)
    size, angle = slice_boards(assemble("v2", conditioned, runs), conditioned, runs).boards
    assert sum(part.positive for part in size.parts) == 2
    assert all(part.positive for part in size.parts)
    assert len(angle.parts) == 3


def test_equal_values_stay_together(
    conditioned: Dataset, synthetic: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(conditioned.targets("form"))
    values = {name: min(1.0, i / 10) for i, name in enumerate(names)}
    monkeypatch.setattr(type(conditioned), "conditions", lambda *_: [Condition("seen", "share", values)])
    synthetic.write_run(tmp_path, "m", 1.0, decision=Decision.OWN, scored=False)
    runs = find_runs(tmp_path)
    (seen,) = slice_boards(assemble("v2", conditioned, runs), conditioned, runs).boards
    assert [(part.low, part.high) for part in seen.parts] == [(0.0, 0.9), (1.0, 1.0)]
