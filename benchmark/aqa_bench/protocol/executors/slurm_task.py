"""What a task of SLURM does: its jobs one after the other, and again from the start after a requeue."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob, read_job_file
from aqa_bench.protocol.executors.scratch import in_the_cache, is_full, on_scratch
from aqa_bench.protocol.executors.work import JobResult, Workshop, given_up
from aqa_bench.protocol.suite_log import SuiteLog

__all__ = ["SlurmTask"]

_NAMES = {JobKind.PRETRAINING: "pre-training", JobKind.PART: "part of a run"}


@dataclass(frozen=True)
class SlurmTask:
    """Some jobs of a job file, to be done on a node.

    It is sent by its name and these plain values, and leaves everything that counts on the shared disk: runs,
    weights, errors. So it can be queued again at any time, and goes on from what it finds there.

    Attributes:
        plan: The job file.
        jobs: Ids of the jobs.
        shop: Does a job.
        environment: Variables that name this project's folders.
        scratch: Folder on the node's own disk for decoded frames.
    """

    plan: Path
    jobs: tuple[str, ...]
    shop: Workshop
    environment: tuple[tuple[str, str], ...] = ()
    scratch: str | None = None

    def __call__(self) -> int:
        """Do the jobs; how they ended stands in the suite's log.

        Returns:
            How many ended well.

        Raises:
            AqaBenchError: A pre-training or a part failed, so that what waits for it is not begun.
        """
        os.environ.update(self.environment)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        file = read_job_file(self.plan)
        log = SuiteLog(self.shop.out, file.suite)
        known = {job.id: job for job in file.jobs}
        well, lost = 0, list[PlannedJob]()
        with on_scratch(self.scratch) as scratch:
            for job in (known[name] for name in self.jobs):
                result = self._done(job, scratch)
                well += result.error is None
                lost += [job] * (result.error is not None and not job.is_run)
                _told(job, result, log, [other for other in file.jobs if job.id in other.after])
        if lost:
            raise AqaBenchError(f"A {_NAMES[lost[0].kind]} failed.", where=lost[0].request.method)
        return well

    def checkpoint(self, *_: Any) -> Any:
        """What is submitted again after a preemption or a time limit: the same."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _done(self, job: PlannedJob, scratch: Path | None) -> JobResult:
        result = self.shop.do(job)
        if result.error is not None and scratch is not None and is_full(scratch):
            # A neighbour has filled the disk: the shared cache is slower, and there.
            with in_the_cache():
                result = self.shop.do(job)
        return result


def _told(job: PlannedJob, result: JobResult, log: SuiteLog, waiting: list[PlannedJob]) -> None:
    """Leave in the log how a job ended."""
    if job.is_run and result.error is None:
        log.succeeded(job.request)
    elif job.is_run:
        log.failed(job.request, str(result.error), result.details)
    elif result.error is not None:
        for other in (given_up(run, job, result) for run in waiting if run.is_run):
            log.failed(other.request, str(other.error), other.details)
