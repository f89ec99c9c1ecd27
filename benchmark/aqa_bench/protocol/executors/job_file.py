"""The job file: a suite's jobs as data, with what each needs and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.sealed import blank_stamp, check_stamp, stamped
from aqa_bench.protocol.plan import Request

__all__ = ["JOB_FILE_BYTES", "JobFile", "JobKind", "Place", "PlannedJob", "read_job_file", "write_job_file"]

JOB_FILE_BYTES = 1 << 28
"""Largest job file that is read: 256 MiB, some hundred thousand jobs."""
_SEAL = "job-file", 1
_REMEDY = "Plan again: aqa-bench suite plan NAME --out FILE."

JobId = Annotated[str, Field(pattern=r"^(p?[0-9a-f]{12}|[0-9a-f]{12}\.[0-9a-f]{6})$")]


class JobKind(StrEnum):
    """What a job leaves."""

    PRETRAINING = "pretraining"
    """Weights in the cache, learnt from a pool without labels."""
    PART = "part"
    """Some of a run's fits, where the run looks for those that are finished."""
    RUN = "run"
    """The folder of a run."""


class Place(BaseModel):
    """A task and split of a request.

    Attributes:
        task: Task id.
        split: Split id; None for all of the task's, where they were not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    split: str | None = None


class PlannedJob(BaseModel):
    """One job.

    Attributes:
        id: 12 hexadecimal digits; those of a pre-training have a ``p`` before them, and a part has those of
            its run, a dot and six more.
        kind: What it leaves.
        request: What is run. Of a pre-training, the first of the runs that wait for it.
        pool: Where the pool of a pre-training stands; None of others, and where no data were there to tell.
        fits: The fits of a part; empty of others.
        after: Ids of the jobs that it waits for, all of them before it in the file.
        gpu: Whether it is for a GPU where there is one: what works on pictures.
        memory_gb: Memory in GB that it is given; None where nothing is known of it.
        seconds: Estimate of its time; None where there is none.
        estimate: What the estimate comes from.
        done: Whether it was on disk, whole and of the same code, when the file was made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: JobId
    kind: JobKind
    request: Request
    pool: Place | None = None
    fits: tuple[Place, ...] = ()
    after: tuple[JobId, ...] = ()
    gpu: bool = False
    memory_gb: float | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, ge=0)
    estimate: Literal["probe", "runs", "given"] | None = None
    done: bool = False

    @property
    def is_run(self) -> bool:
        """Whether it leaves a run's folder."""
        return self.kind is JobKind.RUN

    @property
    def run_id(self) -> str:
        """Of a part, the id of its run's job; else its own."""
        return self.id.partition(".")[0]


class JobFile(BaseModel):
    """The jobs of a suite.

    Attributes:
        schema_version: Version of this document.
        suite: Name of the suite; its log lies under it.
        jobs: The jobs, each after those that it waits for.
        seal: Digest of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    suite: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    jobs: tuple[PlannedJob, ...]
    seal: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        known: set[str] = set()
        for job in self.jobs:
            if job.id in known:
                raise ValueError(f"job {job.id} stands twice")
            if missing := [name for name in job.after if name not in known]:
                raise ValueError(f"job {job.id} waits for {missing[0]}, which does not stand before it")
            if job.kind is not _kind_of(job.id) or (job.kind is JobKind.PART) != bool(job.fits):
                raise ValueError(f"job {job.id} is no {job.kind}")
            known.add(job.id)
        return self

    @property
    def requests(self) -> list[Request]:
        """The requests of all runs, in their order."""
        return [job.request for job in self.jobs if job.is_run]


def _kind_of(name: str) -> JobKind:
    return JobKind.PRETRAINING if name[0] == "p" else JobKind.PART if "." in name else JobKind.RUN


def write_job_file(path: Path, suite: str, jobs: Sequence[PlannedJob]) -> Path:
    """Write a job file, sealed.

    Args:
        path: The file.
        suite: Name of the suite.
        jobs: The jobs, each after those that it waits for.

    Raises:
        AqaBenchError: It cannot be written.
    """
    document = JobFile(suite=suite, jobs=tuple(jobs)).model_dump(mode="json")
    text = pretty_json(document | {"seal": blank_stamp(*_SEAL)})
    return write_atomic(path, stamped(text.encode(), *_SEAL))


def read_job_file(path: Path) -> JobFile:
    """Read a job file.

    Raises:
        UsageError: There is no such file.
        DataError: It does not follow the schema.
        Damaged: It was changed after it was written.
    """
    try:
        content = read_bounded(path, JOB_FILE_BYTES)
    except OSError as error:
        raise UsageError(
            "There is no such job file.", where=path, expected="a file of suite plan", found=error.strerror
        ) from error
    try:
        found = JobFile.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            "A job file does not follow its schema.",
            where=f"{path}: {'.'.join(map(str, first['loc'])) or 'the document'}",
            expected="schema version 1",
            found=first["msg"],
            remedy=_REMEDY,
        ) from error
    check_stamp(path, content, *_SEAL, remedy=_REMEDY)
    return found
