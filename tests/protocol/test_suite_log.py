from __future__ import annotations

import json
from pathlib import Path

import pytest

from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite_log import Shard, SuiteLog, job_id

JOBS = [Request("some/data", "method", seed=seed) for seed in range(200)]


def test_a_plan_is_a_line_a_job(tmp_path: Path) -> None:
    job = Request("some/data", "method", "quick", 3, "folds", ("a",), ("rate=1",), "other/data", True)
    lines = SuiteLog(tmp_path, "mine").plan([*JOBS, job]).read_text().splitlines()
    assert len(lines) == 201
    document = json.loads(lines[-1])
    assert document.pop("job") == job_id(job)
    assert Request(**{k: tuple(v) if isinstance(v, list) else v for k, v in document.items()}) == job


def test_ids_are_the_same_on_every_machine_and_differ_between_jobs() -> None:
    # Computed once and kept: shards of other machines rely on it.
    assert job_id(JOBS[0]) == "41f0447a2a0f"
    assert len({job_id(job) for job in JOBS}) == 200


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_a_partition_whatever_the_order(count: int) -> None:
    parts = [Shard(index, count).of(JOBS) for index in range(1, count + 1)]
    assert sorted((job for part in parts for job in part), key=lambda job: job.seed) == JOBS
    assert Shard(1, count).of(reversed(JOBS)) == parts[0][::-1]
    assert min(map(len, parts)) > 0.5 * 200 / count


def test_errors_of_jobs_that_are_no_longer_planned_are_forgotten(tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    log.plan(JOBS[:2])
    for job in JOBS[:2]:
        log.failed(job, "no", "Traceback")
    assert log.failures() == {job_id(job): "no" for job in JOBS[:2]}
    log.plan(JOBS[1:3])
    assert log.failures() == {job_id(JOBS[1]): "no"}
    log.succeeded(JOBS[1])
    log.succeeded(JOBS[1])
    assert log.failures() == {}


def test_a_damaged_error_file_counts_as_failed(tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    log.failed(JOBS[0], "no").write_text("{")
    assert "cannot be read" in log.failures()[job_id(JOBS[0])]
