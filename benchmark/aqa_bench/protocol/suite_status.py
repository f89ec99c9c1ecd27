"""How far a suite has come, and how long the rest will take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.protocol.finished import FinishedRuns
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite_log import SuiteLog, job_id

__all__ = ["SuiteStatus", "suite_status"]

_Kind = tuple[str, ...]


@dataclass(frozen=True)
class SuiteStatus:
    """The state of a suite's jobs.

    Attributes:
        done: Runs on disk that stand.
        failed: Jobs whose last attempt failed, with the error.
        left: Jobs never tried, or interrupted.
        again: Jobs of ``left`` whose run on disk does not stand (damaged, or of other code), with why.
        stuck: Why jobs of ``left`` cannot start on this machine (e.g. data not prepared), with how many.
        eta_seconds: Estimated seconds until failed and left jobs are done; None where no run tells.
    """

    done: int
    failed: Mapping[Request, str]
    left: Sequence[Request]
    again: Mapping[Request, str]
    stuck: Mapping[str, int]
    eta_seconds: float | None

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return self.done + len(self.failed) + len(self.left)


def suite_status(jobs: Sequence[Request], out: Path, log: SuiteLog, workers: int = 1) -> SuiteStatus:
    """Look at a folder of runs.

    A job takes as long as the mean of the finished ones that are most like it: of the same dataset,
    method and recipe, else of the same method, else of all.

    Args:
        jobs: The suite's jobs.
        out: Folder of runs.
        log: The suite's log there.
        workers: Processes that the rest is shared by.
    """
    finished, errors = FinishedRuns(out), log.failures()
    seconds: list[tuple[Request, float]] = []
    failed: dict[Request, str] = {}
    left: list[Request] = []
    again: dict[Request, str] = {}
    stuck: dict[str, int] = defaultdict(int)
    for job in jobs:
        record, reason = None, ""
        try:
            record, why = finished.look(job)
        except Exception as error:
            # As where jobs run: a plug-in may raise anything.
            why, reason = "", error.what if isinstance(error, AqaBenchError) else str(error)
        if record is not None:
            seconds.append((job, record.timings.get("total", 0.0)))
        elif why:
            again[job] = why
            left.append(job)
        elif (name := job_id(job)) in errors:
            failed[job] = errors[name]
        else:
            left.append(job)
            if reason:
                stuck[reason] += 1
    eta = _estimate(seconds, [*failed, *left], workers)
    return SuiteStatus(len(seconds), failed, tuple(left), again, dict(stuck), eta)


def _estimate(
    seconds: Iterable[tuple[Request, float]], todo: Sequence[Request], workers: int
) -> float | None:
    if not todo:
        return 0.0
    taken: dict[_Kind, list[float]] = defaultdict(list)
    for job, value in seconds:
        for kind in _kinds(job):
            taken[kind].append(value)
    if not taken:
        return None
    mean = {kind: fmean(values) for kind, values in taken.items()}
    total = sum(next(mean[kind] for kind in _kinds(job) if kind in mean) for job in todo)
    return total / min(workers, len(todo))


def _kinds(job: Request) -> tuple[_Kind, ...]:
    return (job.dataset, job.method, job.recipe or "", job.scheme or ""), (job.method,), ()
