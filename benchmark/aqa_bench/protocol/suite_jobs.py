"""Running the jobs of a suite."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import TypeAlias

from aqa_bench.core.progress import NullProgress, Part, Progress
from aqa_bench.protocol.executors.agenda import wanted_for
from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob
from aqa_bench.protocol.executors.local import in_turn
from aqa_bench.protocol.executors.planning import plan_of
from aqa_bench.protocol.executors.work import JobResult, Workshop, failure
from aqa_bench.protocol.finished import FinishedRuns
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite_log import SuiteLog, job_id
from aqa_bench.protocol.suite_workers import cuda_devices, visible_gpus, worker_gpus

__all__ = ["JobResult", "Schedule", "remaining", "run_jobs"]


Schedule: TypeAlias = Callable[[Sequence[PlannedJob], Workshop], Iterator[JobResult]]
"""Has jobs done somewhere, and gives the results of the runs among them as they end."""


def run_jobs(
    jobs: Sequence[Request],
    out: Path,
    *,
    workers: int = 1,
    device: str = "auto",
    force: bool = False,
    log: SuiteLog | None = None,
    progress: Progress | None = None,
    planned: Sequence[PlannedJob] | None = None,
    schedule: Schedule | None = None,
) -> Iterator[JobResult]:
    """Run jobs; one that fails never stops the others.

    Args:
        jobs: The jobs.
        out: Folder of runs; what is there already is not run again.
        workers: Number of processes of one thread; 1 runs in this one. Where the choice of a device is free,
            each GPU has one of them, and those that are left over do what is for CPUs.
        device: As for a single run.
        force: Whether to run again what is on disk.
        log: Where errors are kept; those of jobs that succeed are cleared.
        progress: Where to report.
        planned: The jobs as they were planned, with pre-trainings and estimates; planned here by default.
        schedule: Has them done; in processes of this machine by default.

    Yields:
        Results: first the jobs that are on disk or cannot be started, then the others as they end. These
        begin with the first seed of every method.
    """
    progress = NullProgress() if progress is None else progress
    # Of one job, there may be parts.
    alone = schedule is None and (workers <= 1 or (planned is None and len(jobs) <= 1))
    within = _Within(progress, len(jobs)) if alone else None
    if within is None:
        progress.start("suite", len(jobs))
    shop = Workshop(out, device, force, None if log is None else log.claims)
    if schedule is None:
        schedule = partial(_here, workers=workers, progress=within or progress)
    known = frozenset() if log is None else frozenset(log.failures())
    try:
        results = _results(jobs, shop, planned, schedule, pretraining=not alone)
        for done, result in enumerate(results, start=1):
            if log is not None and result.error is not None:
                log.failed(result.request, result.error, result.details)
            elif log is not None and known and job_id(result.request) in known:
                log.succeeded(result.request)
            if within is None:
                progress.advance()
            else:
                within.done(done, result)
            yield result
    except KeyboardInterrupt as stop:
        stop.add_note(f"Finished runs are kept in {out}; the same command continues from there.")
        raise
    finally:
        progress.close()


class _Within(Part):
    """Progress of a suite whose runs show their own: the suite's stands before it."""

    def __init__(self, whole: Progress, jobs: int) -> None:
        super().__init__(whole, f"suite 0/{jobs}")
        self._jobs, self._ran = jobs, list[float]()
        self.close()

    def done(self, count: int, result: JobResult) -> None:
        """Say how many runs are done, and how long those that are left take at the mean of this start's."""
        if result.error is None and not result.cached:
            self._ran.append(result.seconds)
        left = sum(self._ran) / len(self._ran) * (self._jobs - count) if self._ran else 0.0
        self.name = f"suite {count}/{self._jobs}" + (f", about {ceil(left / 60)} min left" if left else "")
        self.close()


def _results(
    jobs: Sequence[Request],
    shop: Workshop,
    planned: Sequence[PlannedJob] | None,
    schedule: Schedule,
    *,
    pretraining: bool,
) -> Iterator[JobResult]:
    left = list(jobs)
    if not shop.force:
        left.clear()
        for job, result in _on_disk(jobs, shop.out):
            if result is None:
                left.append(job)
            else:
                yield result
    if not left:
        return
    yield from schedule(_planned(left, shop, planned, pretraining=pretraining), shop)


def remaining(
    jobs: Sequence[Request], shop: Workshop, planned: Sequence[PlannedJob] | None = None
) -> tuple[list[JobResult], list[PlannedJob]]:
    """What is left of jobs, for an executor that is not waited for.

    Args:
        jobs: The jobs.
        shop: Names the folder of runs, and whether what is there is run again.
        planned: As for :func:`run_jobs`.

    Returns:
        Results of jobs that are on disk or cannot be started, and the jobs to do.
    """
    looked = [(job, None) for job in jobs] if shop.force else list(_on_disk(jobs, shop.out))
    left = [job for job, result in looked if result is None]
    known = [result for _, result in looked if result is not None]
    return known, _planned(left, shop, planned)


def _planned(
    left: Sequence[Request],
    shop: Workshop,
    planned: Sequence[PlannedJob] | None,
    *,
    pretraining: bool = True,
) -> list[PlannedJob]:
    if planned is None:
        return plan_of(left, pretraining=pretraining)
    # A run that is made again by force believes no fit that it finds.
    return wanted_for(planned, left, parts=not shop.force)


def _here(
    jobs: Sequence[PlannedJob], shop: Workshop, *, workers: int, progress: Progress
) -> Iterator[JobResult]:
    """In processes of this machine, or in this one."""
    runs = [job for job in jobs if job.is_run]
    can_do = sum(job.kind is not JobKind.PRETRAINING for job in jobs)
    if workers <= 1 or can_do <= 1:
        # Seeds of one method share features and pre-trainings: the first makes them.
        yield from (shop.do(job, progress) for job in sorted(runs, key=lambda job: job.request.seed))
    else:
        gpus = worker_gpus(min(workers, can_do), shop.device, _gpus(shop.device))
        yield from in_turn(jobs, gpus, shop, progress)


def _on_disk(jobs: Sequence[Request], out: Path) -> Iterator[tuple[Request, JobResult | None]]:
    """Every job with its result where that is known without running it."""
    finished = FinishedRuns(out)
    partial = {folder.name: folder for folder in out.glob(".*.partial")}
    for job in jobs:
        try:
            folder = finished.folder(job)
            # A run that does not stand is made again; the runner says why.
            found = finished.look(job)[0] is not None
        except Exception as error:
            yield job, failure(job, error)
        else:
            stale = partial.get(f".{folder.name}.partial") if found else None
            if stale is not None:
                # Its process was killed between the run's last step and this one.
                shutil.rmtree(stale, ignore_errors=True)
            yield job, JobResult(job, folder, True, None) if found else None


def _gpus(device: str) -> tuple[str, ...]:
    return () if device not in ("auto", "cuda") else visible_gpus(os.environ, cuda_devices)
