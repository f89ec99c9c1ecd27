"""Running the jobs of a suite."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.progress import NullProgress, Part, Progress
from aqa_bench.protocol.finished import FinishedRuns
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.suite_log import SuiteLog, job_id
from aqa_bench.protocol.suite_workers import in_processes, visible_gpus, worker_gpus

__all__ = ["JobResult", "run_jobs"]


@dataclass(frozen=True)
class JobResult:
    """How one job ended.

    Attributes:
        request: The job.
        path: The run's folder, or None where it failed.
        cached: Whether it was on disk already.
        error: Why it failed, or None.
        seconds: Seconds the run took, 0 where it was on disk.
        details: Traceback of what a plug-in raised, or empty.
    """

    request: Request
    path: Path | None
    cached: bool
    error: str | None
    seconds: float = 0.0
    details: str = ""


def run_jobs(
    jobs: Sequence[Request],
    out: Path,
    *,
    workers: int = 1,
    device: str = "auto",
    force: bool = False,
    log: SuiteLog | None = None,
    progress: Progress | None = None,
) -> Iterator[JobResult]:
    """Run jobs, one thread per process; a job that fails never stops the others.

    Args:
        jobs: The jobs.
        out: Folder of runs; what is there already is not run again.
        workers: Number of processes; 1 runs in this one.
        device: As for a single run. Where there are several GPUs and the choice is free, each process
            gets one.
        force: Whether to run again what is on disk.
        log: Where errors are kept; those of jobs that succeed are cleared.
        progress: Where to report.

    Yields:
        Results: first the jobs that are on disk or cannot be started, then the others as they end. These
        begin with the first seed of every method.
    """
    progress = NullProgress() if progress is None else progress
    within = _Within(progress, len(jobs)) if workers <= 1 or len(jobs) <= 1 else None
    if within is None:
        progress.start("suite", len(jobs))
    known = frozenset() if log is None else frozenset(log.failures())
    try:
        for done, result in enumerate(_results(jobs, out, workers, device, force, within), start=1):
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
        stop.add_note(f"Finished runs are kept in {out}; the same command goes on from there.")
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
    jobs: Sequence[Request], out: Path, workers: int, device: str, force: bool, progress: Progress | None
) -> Iterator[JobResult]:
    left = list(jobs)
    if not force:
        left.clear()
        for job, result in _on_disk(jobs, out):
            if result is None:
                left.append(job)
            else:
                yield result
    # Seeds of one method share features and pre-trainings: side by side they would wait for each other.
    left.sort(key=lambda job: job.seed)
    work = partial(_run_job, out=out, device=device, force=force)
    if workers <= 1 or len(left) <= 1:
        yield from (work(job, progress=progress) for job in left)
        return
    gpus = worker_gpus(min(workers, len(left)), device, _gpus(device))
    yield from in_processes(left, gpus, work, _died)


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
            yield job, _failure(job, error)
        else:
            stale = partial.get(f".{folder.name}.partial") if found else None
            if stale is not None:
                # Its process was killed between the run's last step and this one.
                shutil.rmtree(stale, ignore_errors=True)
            yield job, JobResult(job, folder, True, None) if found else None


def _run_job(
    job: Request, out: Path, device: str, force: bool, progress: Progress | None = None
) -> JobResult:
    from aqa_bench.protocol.runner import run

    try:
        outcome = run(resolve(job), out, device=device, force=force, progress=progress)
    except Exception as error:
        return _failure(job, error)
    seconds = 0.0 if outcome.cached else outcome.record.timings["total"]
    return JobResult(job, outcome.path, outcome.cached, None, seconds)


def _failure(job: Request, error: Exception) -> JobResult:
    # A plug-in may raise anything; the suite reports it and goes on.
    told = str(error) if isinstance(error, AqaBenchError) else f"{type(error).__name__}: {error}"
    foreign = error if not isinstance(error, AqaBenchError) else error.__cause__
    # What a method raised in its worker comes as a note.
    notes = "\n".join(getattr(error, "__notes__", ()))
    details = notes if foreign is None else "".join(traceback.format_exception(foreign))
    return JobResult(job, None, False, told, details=details)


def _died(job: Request, error: Exception) -> JobResult:
    return JobResult(job, None, False, f"its process ended: {type(error).__name__}: {error}")


def _gpus(device: str) -> tuple[str, ...]:
    def count() -> int:
        try:
            from torch.cuda import device_count
        except ModuleNotFoundError:
            # Without PyTorch nothing runs on a GPU.
            return 0
        return device_count()

    return () if device not in ("auto", "cuda") else visible_gpus(os.environ, count)
