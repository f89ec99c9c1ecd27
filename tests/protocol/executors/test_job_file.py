from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.sealed import Damaged
from aqa_bench.protocol.executors.job_file import JobFile, read_job_file, write_job_file


def test_a_file_comes_back_as_it_was_written(job, tmp_path: Path) -> None:
    jobs = [
        job("p1", gpu=True, seconds=2.5, estimate="probe"),
        job("2", after=("p1",), memory_gb=4.0, done=True),
    ]
    found = read_job_file(write_job_file(tmp_path / "jobs.json", "mine", jobs))
    assert (found.suite, list(found.jobs)) == ("mine", jobs)
    assert found.requests == [jobs[1].request]


def test_a_file_that_was_edited_is_not_used(job, tmp_path: Path) -> None:
    file = write_job_file(tmp_path / "jobs.json", "mine", [job("1", seconds=1.0)])
    file.write_text(file.read_text().replace('"seconds": 1.0', '"seconds": 2.0'))
    with pytest.raises(Damaged):
        read_job_file(file)


def test_a_file_of_another_version_or_with_unknown_keys_is_refused(job, tmp_path: Path) -> None:
    file = write_job_file(tmp_path / "jobs.json", "mine", [job("1")])
    document = json.loads(file.read_text())
    for changed in (
        document | {"schema_version": 2},
        document | {"more": 1},
        document | {"jobs": [document["jobs"][0] | {"request": document["jobs"][0]["request"] | {"x": 1}}]},
        document | {"suite": "../elsewhere"},
    ):
        file.write_text(json.dumps(changed))
        with pytest.raises(DataError, match="does not follow its schema"):
            read_job_file(file)
    with pytest.raises(UsageError, match="no such job file"):
        read_job_file(tmp_path / "none.json")


def test_jobs_stand_once_and_after_those_that_they_wait_for(job) -> None:
    first, second = job("p1"), job("2", after=("p1",))
    assert JobFile(suite="mine", jobs=(first, second)).requests == [second.request]
    for jobs, told in (
        ((second, first), "does not stand before it"),
        ((first, first), "stands twice"),
        ((second.model_copy(update={"after": (), "kind": "pretraining"}),), "is no pretraining"),
    ):
        with pytest.raises(ValidationError, match=told):
            JobFile(suite="mine", jobs=jobs)
