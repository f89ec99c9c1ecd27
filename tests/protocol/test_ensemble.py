from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.cards import Decision
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import read_record
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.protocol import ensemble
from aqa_bench.protocol.ensemble import combine
from aqa_bench.protocol.finished import FinishedRun
from aqa_bench.protocol.score import rescore
from aqa_bench.stats.thresholds import tune_threshold

DATASET = "stick-figures/shoulder-press"
KEY = ["sample_id", "task", "fold", "split"]


@pytest.fixture
def members(resolved, finished, tmp_path: Path) -> list[Path]:
    made = [finished(resolved(scheme="folds", seed=s), tmp_path / "runs").path for s in (0, 1, 2)]
    return sorted(made, key=lambda folder: folder.name)


def test_scores_are_the_means_of_the_members(members: list[Path], tmp_path: Path) -> None:
    outcome = combine(members, tmp_path / "runs")
    tables = [read_predictions(m / "predictions.csv").set_index(KEY)["score"] for m in members]
    found = read_predictions(outcome.path / "predictions.csv").set_index(KEY)["score"]
    assert len(found) == len(tables[0])
    np.testing.assert_allclose(found, sum(table.loc[found.index] for table in tables) / 3, rtol=0, atol=1e-15)


def test_thresholds_are_tuned_again_on_val(members: list[Path], tmp_path: Path) -> None:
    outcome = combine(members, tmp_path / "runs")
    table = read_predictions(outcome.path / "predictions.csv")
    targets = open_dataset(DATASET).targets("form")
    val = table[(table["fold"] == "r2f1") & (table["split"] == "val")]
    tuned = tune_threshold([targets[i] for i in val["sample_id"]], val["score"].to_numpy(), "accuracy")
    assert outcome.record.thresholds["form"]["r2f1"] == tuned.value


def test_the_record_is_that_of_a_run(members: list[Path], tmp_path: Path) -> None:
    outcome = combine(members, tmp_path / "runs")
    record, scored = rescore(outcome.path)
    assert scored.metrics == record.metrics
    assert (record.method, record.recipe) == ("noise", "ensemble")
    assert record.members == sorted(m.name for m in members)
    assert record.hyperparameters == {"rule": "mean", "of": ["noise quick"], "members": record.members}
    assert record.predictions_sha256 == sha256_bytes((outcome.path / "predictions.csv").read_bytes())
    assert outcome.path == tmp_path / "runs" / DATASET / "noise" / record.run_id


def test_the_order_of_the_members_does_not_matter_and_it_is_made_once(
    members: list[Path], tmp_path: Path
) -> None:
    first = combine(members, tmp_path / "runs")
    again = combine(members[::-1], tmp_path / "runs")
    assert (first.cached, again.cached) == (False, True)
    assert again.record == first.record
    forced = combine([members[i] for i in (1, 2, 0)], tmp_path / "runs", force=True)
    assert not forced.cached
    assert forced.record.predictions_sha256 == first.record.predictions_sha256
    assert combine(members[:2], tmp_path / "runs").record.run_id != first.record.run_id


def test_members_that_all_decide_by_themselves_keep_their_threshold(
    resolved, finished, tmp_path: Path
) -> None:
    runs = [finished(resolved("steady", f"shift={s}", scheme="folds"), tmp_path).path for s in (0.0, 0.5)]
    assert combine(runs, tmp_path).record.decision is Decision.OWN
    runs[1] = finished(resolved("noise", scheme="folds"), tmp_path).path
    mixed = combine(runs, tmp_path).record
    assert mixed.decision is Decision.TUNED
    assert mixed.method == "noise+steady"
    assert mixed.parameters is not None


def test_one_member_or_the_same_twice_is_no_ensemble(members: list[Path], tmp_path: Path) -> None:
    for few in (members[:1], [members[0], members[0]], [*members, members[0]]):
        with pytest.raises(UsageError, match="different runs"):
            combine(few, tmp_path / "runs")


@pytest.mark.parametrize("field", ["dataset_fingerprint", "scheme", "benchmark_version", "dataset"])
def test_members_of_different_things_are_refused(
    members: list[Path], resealed, tmp_path: Path, field: str
) -> None:
    resealed(members[1], **{field: "other"})
    with pytest.raises(UsageError, match=f"differ in {field.replace('_', ' ')}") as caught:
        combine(members, tmp_path / "runs")
    assert caught.value.where == str(members[1])


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members as a machine with other data would have made them: nothing of them is checked."""

    def read(folder: Path, dataset: Dataset) -> FinishedRun:
        return FinishedRun(read_record(folder), read_predictions(folder / "predictions.csv"), dataset)

    monkeypatch.setattr(ensemble, "trusted_run", read)


def test_members_with_other_splits_or_no_task_in_common_are_refused(
    members: list[Path], resealed, tmp_path: Path
) -> None:
    resealed(members[1], splits_fingerprint={"form": "0" * 64})
    with pytest.raises(UsageError, match="differ in splits of form"):
        combine(members, tmp_path / "runs")
    resealed(members[1], tasks=["depth"], splits_fingerprint={"depth": "0" * 64})
    with pytest.raises(UsageError, match="no task in common"):
        combine(members, tmp_path / "runs")


def test_tasks_that_a_member_did_not_judge_are_left_out(
    members: list[Path], believed, resealed, tmp_path: Path
) -> None:
    alone = combine(members, tmp_path / "runs")
    splits = read_record(members[2]).splits_fingerprint
    resealed(
        members[2],
        tasks=["form", "depth"],
        splits_fingerprint={**splits, "depth": "0" * 64},
        pool_size={"form": 0, "depth": 0},
    )
    file = members[2] / "predictions.csv"
    file.write_text(file.read_text() + file.read_text().partition("\n")[2].replace(",form,", ",depth,"))
    again = combine(members, tmp_path / "runs", force=True)
    assert (again.record.tasks, again.record.splits_fingerprint) == (["form"], splits)
    assert again.record.pool_size.keys() == {"form"}
    assert again.record.predictions_sha256 == alone.record.predictions_sha256


def test_pools_of_members_are_told_and_the_run_id_is_what_the_record_says(
    members: list[Path], believed, resealed, tmp_path: Path
) -> None:
    for pool, folder in zip(("gym/squat", "gym/press"), members[:2], strict=True):
        resealed(folder, pool_dataset=pool, pool_fingerprint="1" * 64)
    record = combine(members[:2], tmp_path / "runs").record
    assert record.hyperparameters["of"] == [
        "noise quick, pre-trained on gym/press",
        "noise quick, pre-trained on gym/squat",
    ]
    assert record.pool_dataset is None
    assert recorded_run_id(record) == record.run_id


def test_members_that_scored_other_samples_are_refused(members: list[Path], believed, tmp_path: Path) -> None:
    file = members[2] / "predictions.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(UsageError, match="different samples") as caught:
        combine(members, tmp_path / "runs")
    assert caught.value.where == str(members[2])


def test_members_made_on_other_data_than_those_at_hand_are_refused(
    members: list[Path], resealed, tmp_path: Path
) -> None:
    for member in members:
        resealed(member, dataset_fingerprint="0" * 64)
    with pytest.raises(DataError, match="different data"):
        combine(members, tmp_path / "runs")
