from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.protocol.executors.running import at_work
from aqa_bench.protocol.plan import Request, RunFolders
from aqa_bench.protocol.suite_log import SuiteLog, job_id
from aqa_bench.protocol.suite_status import suite_status

DATASET = "stick-figures/shoulder-press"


def noise(seed: int, **changes) -> Request:
    return Request(DATASET, "noise", seed=seed, **changes)


@pytest.fixture(autouse=True)
def _any_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of nothing but a duration; whether runs stand is tested with their reader."""

    def read(folder: Path) -> SimpleNamespace:
        try:
            document = json.loads((folder / "run.json").read_text())
        except FileNotFoundError as error:
            raise DataError("no run") from error
        return SimpleNamespace(timings=document.get("timings", {}), code=None, run_id=folder.name)

    monkeypatch.setattr("aqa_bench.protocol.finished.sealed_record", read)


def finished(out: Path, job: Request, seconds: float | None) -> None:
    """Only what the status looks at: a record with its duration."""
    folder = out / RunFolders()(job)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"timings": {"total": seconds}}) if seconds else "{}")


def test_done_failed_and_left(plugins, tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    jobs = [noise(seed) for seed in range(5)]
    finished(tmp_path, jobs[0], 10.0)
    finished(tmp_path, jobs[1], 20.0)
    log.failed(jobs[1], "failed before, then done elsewhere")
    log.failed(jobs[2], "out of memory")
    status = suite_status(jobs, tmp_path, log)
    assert (status.jobs, status.done) == (5, 2)
    assert status.failed == {jobs[2]: "out of memory"}
    assert status.left == tuple(jobs[3:])
    assert status.eta_seconds == pytest.approx(3 * 15.0)
    assert suite_status(jobs, tmp_path, log, workers=2).eta_seconds == pytest.approx(1.5 * 15.0)
    assert suite_status(jobs, tmp_path, log, workers=99).eta_seconds == pytest.approx(15.0)


def test_a_job_takes_as_long_as_those_most_like_it(plugins, tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    done = {
        noise(0, scheme="folds"): 10.0,
        noise(0, scheme="one-class"): 2.0,
        Request(DATASET, "steady"): 60.0,
    }
    for job, seconds in done.items():
        finished(tmp_path, job, seconds)
    for job, seconds in {
        noise(1, scheme="folds"): 10.0,
        noise(1, scheme="one-class"): 2.0,
        noise(1, scheme="one-class-clean"): 6.0,
        Request(DATASET, "constant"): 24.0,
    }.items():
        assert suite_status([*done, job], tmp_path, log).eta_seconds == pytest.approx(seconds), job


def test_without_a_finished_run_there_is_no_estimate(plugins, tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    assert suite_status([noise(0)], tmp_path, log).eta_seconds is None
    finished(tmp_path, noise(0), None)
    assert suite_status([noise(0)], tmp_path, log).eta_seconds == 0.0


def test_jobs_that_cannot_start_here_are_left_and_counted_by_reason(plugins, tmp_path: Path) -> None:
    jobs = [Request("pose-trainer/bicep-curl", "constant", scheme=s) for s in ("folds", "notebook")]
    status = suite_status([*jobs, noise(0)], tmp_path, SuiteLog(tmp_path, "mine"))
    assert (status.done, len(status.left)) == (0, 3)
    assert status.stuck == {"pose-trainer/bicep-curl has not been prepared.": 2}


def test_a_run_is_running_where_a_part_of_it_is(plugins, tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    whole, other, idle = (noise(seed) for seed in range(3))
    log.failed(whole, "an earlier start's")
    names = [f"{job_id(whole)}.{i:06x}" for i in range(2)]
    with at_work(log.claims, names[0]), at_work(log.claims, names[1]), at_work(log.claims, job_id(other)):
        status = suite_status([whole, other, idle], tmp_path, log)
    assert {*status.running} == {whole, other}
    assert [*status.parts] == [whole]
    assert [*status.parts[whole]] == names
    assert (status.failed, status.pretrainings) == ({}, {})
    assert (status.jobs, status.left) == (3, (whole, other, idle))
