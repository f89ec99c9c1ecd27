"""Results on disk: finished runs that were changed after they were written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.sealed import Damaged
from aqa_bench.protocol.compare import compare
from aqa_bench.protocol.ensemble import combine
from aqa_bench.protocol.finished import trusted_run
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.runner import run
from aqa_bench.protocol.suite_jobs import run_jobs
from aqa_bench.protocol.suite_log import SuiteLog
from aqa_bench.protocol.suite_status import suite_status

DATASET = "stick-figures/shoulder-press"


def change_a_digit(folder: Path) -> None:
    file = folder / "run.json"
    document = json.loads(file.read_text())
    value = document["metrics"]["form"]["accuracy"]["value"]
    file.write_text(file.read_text().replace(f'"value": {value}', '"value": 0.987', 1))


def change_a_time(folder: Path) -> None:
    file = folder / "run.json"
    document = json.loads(file.read_text())
    file.write_text(file.read_text().replace(f'"fit": {document["timings"]["fit"]}', '"fit": 0.001', 1))


def cut_the_record(folder: Path) -> None:
    file = folder / "run.json"
    file.write_bytes(file.read_bytes()[:-20])


def cut_the_predictions(folder: Path) -> None:
    file = folder / "predictions.csv"
    file.write_bytes(file.read_bytes()[:-200])


def lose_the_predictions(folder: Path) -> None:
    (folder / "predictions.csv").unlink()


def lose_the_record(folder: Path) -> None:
    (folder / "run.json").unlink()


def write_a_text(folder: Path) -> None:
    (folder / "predictions.csv").write_text("to be found elsewhere\n")


def drop_the_seal(folder: Path) -> None:
    change_a_digit(folder)
    document = json.loads((folder / "run.json").read_text())
    del document["seal"]
    (folder / "run.json").write_text(json.dumps(document))


def look_old(folder: Path) -> None:
    """Without seal and code, as records of before; the metrics tell."""
    change_a_digit(folder)
    document = json.loads((folder / "run.json").read_text())
    del document["seal"], document["code"]
    (folder / "run.json").write_text(json.dumps(document))


def better_scores(folder: Path, resealed) -> None:
    """All positives to the front, with the digest made again; the metrics are still the old ones."""
    from aqa_bench.core.registry import open_dataset

    targets = open_dataset(DATASET).targets("form")
    header, *lines = (folder / "predictions.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines]
    rows = [[*row[:4], str(float(targets[row[0]]))] for row in rows]
    (folder / "predictions.csv").write_text("\n".join([header, *map(",".join, rows)]) + "\n")
    resealed(folder, predictions_sha256=sha256_file(folder / "predictions.csv"))


CHANGES = [
    change_a_digit,
    change_a_time,
    cut_the_record,
    cut_the_predictions,
    lose_the_predictions,
    lose_the_record,
    write_a_text,
    drop_the_seal,
    look_old,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_run_is_named_kept_aside_and_made_again(
    resolved, finished, tmp_path: Path, change, caplog: pytest.LogCaptureFixture
) -> None:
    first = finished(resolved(), tmp_path)
    change(first.path)
    with pytest.raises(DataError) as caught:
        trusted_run(first.path)
    assert str(first.path) in str(caught.value)
    again = run(resolved(), tmp_path)
    assert not again.cached
    assert again.record.metrics == first.record.metrics
    kept = first.path.with_name(f".{first.path.name}.damaged")
    assert kept.is_dir()
    assert f"repeating the run; the files on disk are kept as {kept}" in caplog.text
    assert run(resolved(), tmp_path).cached


def test_scores_replaced_together_with_their_digest_do_not_give_the_metrics(
    resolved, finished, resealed, tmp_path: Path
) -> None:
    first = finished(resolved(), tmp_path)
    better_scores(first.path, resealed)
    with pytest.raises(Damaged, match=r"metrics\.form\.\w+\.value 1\.0, as its predictions say"):
        trusted_run(first.path)
    again = run(resolved(), tmp_path)
    assert (again.cached, again.record.metrics) == (False, first.record.metrics)


def test_a_metric_changed_and_sealed_again_does_not_follow_from_the_predictions(
    resolved, finished, resealed, tmp_path: Path
) -> None:
    folder = finished(resolved(), tmp_path).path
    metrics = json.loads((folder / "run.json").read_text())["metrics"]
    metrics["form"]["accuracy"]["value"] = 1.0
    resealed(folder, metrics=metrics)
    with pytest.raises(Damaged, match=r"metrics\.form\.accuracy\.value(.|\n)*found: 1\.0"):
        trusted_run(folder)


@pytest.mark.parametrize(
    "changes", [{"seed": 7}, {"hyperparameters": {"trick": "", "shift": 9.0}}, {"method_version": 2}]
)
def test_a_record_that_claims_another_run_does_not_give_its_id(
    resolved, finished, resealed, tmp_path: Path, changes
) -> None:
    folder = finished(resolved(), tmp_path).path
    with pytest.raises(Damaged, match="run-id"):
        trusted_run(resealed(folder, **changes))


def test_a_dishonest_run_that_calls_itself_honest_is_named(
    resolved, finished, resealed, tmp_path: Path
) -> None:
    folder = finished(resolved(scheme="one-class-leaky"), tmp_path).path
    with pytest.raises(Damaged, match="honesty of scheme one-class-leaky"):
        trusted_run(resealed(folder, honest=True))


def test_another_seeds_run_in_the_place_of_this_one_is_not_an_answer(
    resolved, finished, tmp_path: Path
) -> None:
    wanted, other = finished(resolved(seed=0), tmp_path), finished(resolved(seed=1), tmp_path)
    shutil.rmtree(wanted.path)
    shutil.copytree(other.path, wanted.path)
    again = run(resolved(seed=0), tmp_path)
    assert (again.cached, again.record.seed) == (False, 0)
    assert again.record.predictions_sha256 == wanted.record.predictions_sha256


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_ensembles_and_comparisons_refuse_a_changed_member(
    resolved, finished, tmp_path: Path, change
) -> None:
    folders = [finished(resolved(seed=seed), tmp_path / "runs").path for seed in (0, 1)]
    change(folders[1])
    for use in (lambda: combine(folders, tmp_path / "out"), lambda: compare(*folders, n_resamples=10)):
        with pytest.raises(DataError) as caught:
            use()
        assert str(folders[1]) in str(caught.value)
    assert not list((tmp_path / "out").rglob("run.json"))


def test_an_ensemble_with_a_member_of_made_up_scores_is_refused(
    resolved, finished, resealed, tmp_path: Path
) -> None:
    folders = [finished(resolved(seed=seed), tmp_path / "runs").path for seed in (0, 1)]
    better_scores(folders[0], resealed)
    with pytest.raises(Damaged, match="as its predictions say"):
        combine(folders, tmp_path / "out")


def test_a_suite_counts_a_changed_run_as_left_says_why_and_makes_it_again(plugins, tmp_path: Path) -> None:
    jobs = [Request(DATASET, "noise", scheme="one-class", seed=seed) for seed in (0, 1)]
    log = SuiteLog(tmp_path, "mine")
    first = list(run_jobs(jobs, tmp_path, log=log))
    assert suite_status(jobs, tmp_path, log).done == 2
    change_a_digit(first[1].path)
    status = suite_status(jobs, tmp_path, log)
    assert (status.done, status.left) == (1, (jobs[1],))
    assert str(first[1].path / "run.json") in status.again[jobs[1]]
    assert [result.cached for result in run_jobs(jobs, tmp_path, log=log)] == [True, False]
    assert suite_status(jobs, tmp_path, log).again == {}


def test_what_is_kept_aside_is_no_run_to_any_reader(resolved, tmp_path: Path) -> None:
    from aqa_bench.boards.runs import find_runs

    for _ in range(3):
        change_a_digit(run(resolved(), tmp_path).path)
    folder = run(resolved(), tmp_path).path
    aside = sorted(path.name for path in folder.parent.iterdir() if path != folder)
    assert aside == [f".{folder.name}.damaged{end}" for end in ("", ".2", ".3")]
    assert [found.folder for found in find_runs(tmp_path)] == [folder]
