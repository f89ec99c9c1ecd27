"""Doctored submissions are rejected, each for its reason."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards.submission import files as submission_files
from aqa_bench.boards.submission.checks import validate

Tamper = Callable[[ModuleType, Path], object]
CASES: dict[str, tuple[str, Tamper]] = {}


def case(rule: str) -> Callable[[Tamper], Tamper]:
    """Register a forgery with (a part of) the rule that catches it."""

    def register(tamper: Tamper) -> Tamper:
        CASES[tamper.__name__] = rule, tamper
        return tamper

    return register


def accepted(folder: Path) -> Path:
    """An accepted run in the same pull request."""
    return next(p.parent for p in (folder.parents[1] / "prior").rglob("run.json"))


@case("predictions are those that were scored")
def score_edited(forge: ModuleType, folder: Path) -> None:
    file = folder / "predictions.csv"
    lines = file.read_text().splitlines()
    lines[1] = lines[1].rpartition(",")[0] + ",0.125"
    file.write_text("\n".join(lines) + "\n")


@case("the record follows from the predictions")
def scores_edited_and_hash_repaired(forge: ModuleType, folder: Path) -> None:
    table = forge.table(folder)
    forge.put(folder, table.assign(score=1 - table["score"]))


@case("the record follows from the predictions")
def metric_edited(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, metrics__form__accuracy__value=0.99)


@case("the record follows from the predictions")
def interval_narrowed(forge: ModuleType, folder: Path) -> None:
    value = json.loads((folder / "run.json").read_text())["metrics"]["form"]["auroc"]["value"]
    forge.edit(folder, metrics__form__auroc__low=value, metrics__form__auroc__high=value)


@case("the record agrees with itself")
def metric_beyond_its_bounds(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, metrics__form__accuracy__value=1.5)


@case("the record agrees with itself")
def metric_left_out(forge: ModuleType, folder: Path) -> None:
    metrics = json.loads((folder / "run.json").read_text())["metrics"]["form"]
    forge.edit(folder, metrics__form={name: v for name, v in metrics.items() if name != "mcc"})


@case("the record follows from the predictions")
def threshold_moved(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, thresholds__form__r0f0=0.9)


@case("the record follows from the predictions")
def floor_lowered(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, floors__form=0.1)


@case("the record agrees with itself")
def skill_raised(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, skill__form=0.77)


@case("coverage matches the predictions")
def coverage_inflated(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, coverage__form={"expected": 99, "scored": 99})


@case("the record follows from the predictions")
def coverage_expected_less(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, coverage__form={"expected": 61, "scored": 60})


@case("the run-id is the hash of what decides the result")
def seed_changed(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, seed=1)


@case("the record repeats the method's card")
def seed_of_a_method_without_chance(forge: ModuleType, folder: Path) -> None:
    forge.cover(forge.edit(folder, seed=1))


@case("two runs do not share their predictions")
def one_run_as_two_seeds(forge: ModuleType, folder: Path) -> None:
    for seed in (0, 1):
        copy = shutil.copytree(folder, folder.with_name(f"seed{seed}"))
        forge.edit(copy, method="pose-tdm", control=False, seed=seed, method_version=1)
        forge.cover(copy)


@case("the run-id is the hash of what decides the result")
def hyperparameter_changed(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, hyperparameters__c=3.0)


@case("the recipe is the one that was run")
def recipe_renamed(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, recipe="paper")


@case("every sample of val and test is scored")
def id_dropped(forge: ModuleType, folder: Path) -> None:
    table = forge.table(folder)
    name = table["sample_id"].iloc[0]
    kept = table[table["sample_id"] != name]
    forge.put(folder, kept)
    forge.edit(folder, coverage__form={"expected": 60, "scored": kept["sample_id"].nunique()})


@case("predictions can be read")
def id_twice(forge: ModuleType, folder: Path) -> None:
    lines = (folder / "predictions.csv").read_text().splitlines()
    forge.put_text(folder, "\n".join([*lines, lines[-1]]) + "\n")


@case("every sample of val and test is scored")
def id_in_the_other_part(forge: ModuleType, folder: Path) -> None:
    table = forge.table(folder)
    fold = table["fold"] == "r0f0"
    turned = table["split"].where(~fold, table["split"].map({"val": "test", "test": "val"}))
    forge.put(folder, table.assign(split=turned))


@case("every sample of val and test is scored")
def id_made_up(forge: ModuleType, folder: Path) -> None:
    table = forge.table(folder)
    forge.put(folder, table.assign(sample_id=table["sample_id"].replace("s00-0", "s99-0")))


@case("predictions can be read")
def score_not_a_number(forge: ModuleType, folder: Path) -> None:
    lines = (folder / "predictions.csv").read_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",nan"
    forge.put_text(folder, "\n".join(lines) + "\n")


@case("predictions can be read")
def score_infinite(forge: ModuleType, folder: Path) -> None:
    lines = (folder / "predictions.csv").read_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",inf"
    forge.put_text(folder, "\n".join(lines) + "\n")


@case("error scores are in [0, 1]")
def score_out_of_range(forge: ModuleType, folder: Path) -> None:
    table = forge.table(folder)
    forge.put(folder, table.assign(score=table["score"] * 10 - 3))


@case("every number is finite")
def nan_in_the_record(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, facts={"loss": float("nan")})


@case("every number is finite")
def infinity_spelt_as_a_number(forge: ModuleType, folder: Path) -> None:
    file = folder / "run.json"
    file.write_text(file.read_text().replace('"total": ', '"total": 1e999, "extra": ', 1))


@case("the record is JSON")
def key_twice(forge: ModuleType, folder: Path) -> None:
    file = folder / "run.json"
    file.write_text(file.read_text().replace('"seed": 0', '"seed": 7, "seed": 0', 1))


@case("the dataset is the one available, or one that earlier runs used")
def another_release(forge: ModuleType, folder: Path) -> None:
    forge.cover(forge.edit(folder, dataset_fingerprint="0" * 64))


@case("the splits match the dataset")
def splits_of_another_release(forge: ModuleType, folder: Path) -> None:
    forge.cover(forge.edit(folder, splits_fingerprint={"form": "0" * 64}))


@case("every sample of val and test is scored")
def predictions_of_another_scheme(forge: ModuleType, folder: Path) -> None:
    other = forge.make(folder.parents[4] / "other", "duration", scheme="one-class")
    forge.put(folder, forge.table(other))
    fold_names = sorted(set(forge.table(folder)["fold"]))
    forge.edit(folder, thresholds__form=dict.fromkeys(fold_names, 0.5))


@case("a run is two files")
def another_file(forge: ModuleType, folder: Path) -> None:
    (folder / "labels.csv").write_text("s00-0,1\n")


@case("a run is two files")
def hidden_file(forge: ModuleType, folder: Path) -> None:
    (folder / ".labels").write_text("s00-0,1\n")


@case("a run is two files")
def file_beside_the_methods(forge: ModuleType, folder: Path) -> None:
    (folder.parents[1] / "clip.mp4").write_bytes(b"0")


@case("a run is two files")
def predictions_missing(forge: ModuleType, folder: Path) -> None:
    (folder / "predictions.csv").unlink()


@case("no links and no devices")
def link_to_a_file(forge: ModuleType, folder: Path) -> None:
    file = folder / "predictions.csv"
    file.rename(folder.parents[4] / "predictions.csv")
    file.symlink_to(folder.parents[4] / "predictions.csv")


@case("no links and no devices")
def link_to_a_folder(forge: ModuleType, folder: Path) -> None:
    target = folder.rename(folder.parents[4] / "elsewhere")
    folder.symlink_to(target)


@case("no links and no devices")
def pipe(forge: ModuleType, folder: Path) -> None:
    (folder / "predictions.csv").unlink()
    os.mkfifo(folder / "predictions.csv")


@case("a file is small")
def file_too_large(forge: ModuleType, folder: Path) -> None:
    with (folder / "predictions.csv").open("ab") as file:
        file.truncate(submission_files.FILE_LIMIT + 1)


@case("the path repeats the record")
def wrong_folder(forge: ModuleType, folder: Path) -> None:
    target = folder.parents[1] / "pose-tdm" / folder.name
    target.parent.mkdir()
    folder.rename(target)


@case("the path repeats the record")
def one_folder_deeper(forge: ModuleType, folder: Path) -> None:
    target = folder.parents[3] / "mine" / folder.relative_to(folder.parents[3])
    target.parent.mkdir(parents=True)
    folder.rename(target)


@case("predictions can be read")
def labels_as_a_column(forge: ModuleType, folder: Path) -> None:
    lines = (folder / "predictions.csv").read_text().splitlines()
    forge.put_text(folder, "\n".join([lines[0] + ",label", *(f"{line},1" for line in lines[1:])]) + "\n")


@case("predictions have the format that the runner writes")
def rows_in_an_order_that_tells(forge: ModuleType, folder: Path) -> None:
    lines = (folder / "predictions.csv").read_text().splitlines()
    forge.put_text(folder, "\n".join([lines[0], *reversed(lines[1:])]) + "\n")


@case("a record holds no labels")
def labels_among_the_facts(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, facts={"notes": {"best": {"s00-0": 1, "s01-0": 0}}})


@case("a record holds no labels")
def labels_as_a_list(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, facts={"weights": None, "calibration": [0, 1] * 30})


@case("the scheme says whether it is honest")
def leaky_scheme_called_honest(forge: ModuleType, folder: Path) -> None:
    leaky = forge.make(folder.parents[3], "duration", scheme="one-class-leaky")
    forge.edit(leaky, honest=True)


@case("the record follows the schema")
def schema_of_the_future(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, schema_version=2)


@case("the record follows the schema")
def key_unknown_to_the_schema(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, approved=True)


@case("the record follows the schema")
def number_as_text(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, seed="0")


@case("a control is marked as one")
def control_called_a_contender(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, control=False)


@case("a control is marked as one")
def shuffled_labels_called_a_contender(forge: ModuleType, folder: Path) -> None:
    forge.cover(forge.edit(folder, shuffled_labels=True, control=False, method="pose-tdm"))


@case("the record repeats the method's card")
def decision_changed(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, decision="own")


@case("the method has this version")
def version_of_the_future(forge: ModuleType, folder: Path) -> None:
    forge.cover(forge.edit(folder, method_version=99))


@case("the method is known")
def method_of_nobody(forge: ModuleType, folder: Path) -> None:
    forge.cover(forge.edit(folder, method="miracle"))


@case("the dataset is known")
def dataset_of_nobody(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, dataset="mine/clips")


@case("the licence of the weights is stated")
def weights_without_a_licence(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, pretrained_on="ten million clips", facts={"weights": "file best.pt"})


@case("the protocol is the current one")
def another_protocol(forge: ModuleType, folder: Path) -> None:
    forge.cover(forge.edit(folder, benchmark_version="v0"))


@case("the run has finished")
def made_tomorrow(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, created=(datetime.now(UTC) + timedelta(days=3)).isoformat())


@case("amounts are not negative")
def negative_time(forge: ModuleType, folder: Path) -> None:
    forge.edit(folder, timings={"fit": -1.0, "predict": 0.0, "total": 0.0})


@case("earlier results stay")
def earlier_run_removed(forge: ModuleType, folder: Path) -> None:
    shutil.rmtree(accepted(folder))


@case("earlier results do not change")
def earlier_record_changed(forge: ModuleType, folder: Path) -> None:
    forge.edit(accepted(folder), source_revision="0" * 40)


@case("earlier results do not change")
def earlier_predictions_changed(forge: ModuleType, folder: Path) -> None:
    other = accepted(folder)
    forge.put(other, forge.table(other).assign(score=0.5))


def test_the_run_is_accepted_as_it_is(checkout: Path) -> None:
    result, _ = validate([checkout / "pull" / "submissions"], base=str(checkout / "base"))
    assert result.ok, result.problems
    assert (len(result.rescored), result.unchanged) == (1, 2)


@pytest.mark.parametrize("name", CASES)
def test_a_doctored_submission_is_rejected(name: str, forge: ModuleType, checkout: Path) -> None:
    rule, tamper = CASES[name]
    root = checkout / "pull" / "submissions"
    tamper(forge, next(p.parent for p in (root / forge.DATASET / "duration").rglob("run.json")))
    result, _ = validate([root], base=str(checkout / "base"))
    assert not result.ok
    found = [problem for problem in result.problems if rule in problem.rule]
    assert found, result.problems
    assert all(problem.path and problem.expected and problem.found for problem in found)
