from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.protocol.score import rescore

FIELDS = ("metrics", "thresholds", "floors", "skill", "coverage", "train_ranges")


@pytest.mark.parametrize("scheme", ["folds", "one-class", "one-class-leaky"])
def test_a_record_is_recomputed_to_the_last_digit(resolved, finished, tmp_path: Path, scheme: str) -> None:
    folder = finished(resolved(scheme=scheme), tmp_path).path
    record, scored = rescore(folder)
    for field in FIELDS:
        assert getattr(scored, field) == getattr(record, field)


def test_an_edited_score_changes_the_numbers(resolved, finished, tmp_path: Path) -> None:
    folder = finished(resolved(), tmp_path).path
    file = folder / "predictions.csv"
    lines = file.read_text().splitlines()
    name, task, fold, part, score = lines[1].split(",")
    lines[1] = ",".join([name, task, fold, part, str(1 - float(score))])
    file.write_text("\n".join(lines) + "\n")
    record, scored = rescore(folder)
    assert scored.metrics != record.metrics


def test_predictions_that_were_left_out_are_noticed(resolved, finished, tmp_path: Path) -> None:
    folder = finished(resolved(), tmp_path).path
    file = folder / "predictions.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:1], *lines[2:]]) + "\n")
    with pytest.raises(DataError, match=r"1 left out, e\.g\. .* as test of r0f0"):
        rescore(folder)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (",r0f0,", ",r99f0,", "as test of r99f0"),
        (",test,", ",val,", "as val of"),
        ("s0", "stranger", "stranger"),
    ],
)
def test_predictions_that_do_not_follow_the_splits_are_noticed(
    resolved, finished, tmp_path: Path, old: str, new: str, found: str
) -> None:
    folder = finished(resolved(), tmp_path).path
    file = folder / "predictions.csv"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match="do not follow the splits") as caught:
        rescore(folder)
    assert found in str(caught.value.found)


def test_a_run_on_other_data_is_not_scored(resolved, finished, resealed, tmp_path: Path) -> None:
    folder = resealed(finished(resolved(), tmp_path).path, dataset_fingerprint="0" * 64)
    with pytest.raises(DataError, match="different data"):
        rescore(folder)


@pytest.mark.parametrize("change", [{"scheme": "old"}, {"tasks": ["old"]}, {"dataset": "old/one"}])
def test_a_run_of_what_does_not_exist_any_more_is_an_error(
    resolved, finished, resealed, tmp_path: Path, change
) -> None:
    with pytest.raises(UsageError, match="old"):
        rescore(resealed(finished(resolved(), tmp_path).path, **change))


def test_a_folder_that_is_no_run_is_an_error(resolved, finished, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a run folder"):
        rescore(tmp_path)
    folder = finished(resolved(), tmp_path).path
    (folder / "predictions.csv").unlink()
    with pytest.raises(DataError, match="no such file"):
        rescore(folder)
    shutil.rmtree(folder)
