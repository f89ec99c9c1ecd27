"""How far a suite has come, and how long the rest will take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.protocol.executors.running import Running, running_jobs
from aqa_bench.protocol.executors.slurm_queue import Queued, SlurmQueue
from aqa_bench.protocol.finished import FinishedRuns
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite_log import SuiteLog, job_id

__all__ = ["Durations", "SuiteStatus", "suite_status"]

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
        running: Jobs of ``left`` that somebody is at, or at a part of, with where.
        queued: Jobs of ``left`` that wait in SLURM's queue.
        pretrainings: Pre-trainings that somebody is at, by id.
        parts: Of jobs of ``running`` that are divided, the parts that somebody is at, by id.
    """

    done: int
    failed: Mapping[Request, str]
    left: Sequence[Request]
    again: Mapping[Request, str]
    stuck: Mapping[str, int]
    eta_seconds: float | None
    running: Mapping[Request, Running] = field(default_factory=dict)
    queued: Mapping[Request, Queued] = field(default_factory=dict)
    pretrainings: Mapping[str, Running] = field(default_factory=dict)
    parts: Mapping[Request, Mapping[str, Running]] = field(default_factory=dict)

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return self.done + len(self.failed) + len(self.left)


def suite_status(
    jobs: Sequence[Request], out: Path, log: SuiteLog, workers: int = 1, *, check: bool = False
) -> SuiteStatus:
    """Look at a folder of runs.

    A job takes as long as the mean of the finished ones that are most like it: of the same dataset,
    method and recipe, else of the same method, else of all.

    Args:
        jobs: The suite's jobs.
        out: Folder of runs.
        log: The suite's log there.
        workers: Processes that the rest is shared by.
        check: Whether the metrics of finished runs are computed again, as before a suite is run; else their
            seals and digests are checked, which takes milliseconds for each.
    """
    finished, errors = FinishedRuns(out, scored=check), log.failures()
    at_work, waiting = running_jobs(log.claims), SlurmQueue(log.folder).queued()
    parts = _parts(at_work)
    running: dict[Request, Running] = {}
    queued: dict[Request, Queued] = {}
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
        name = job_id(job)
        if record is not None:
            seconds.append((job, record.timings.get("total", 0.0)))
        elif name in at_work or name in parts or name in waiting:
            left.append(job)
            if name in at_work or name in parts:
                running[job] = at_work[name] if name in at_work else next(iter(parts[name].values()))
            else:
                queued[job] = waiting[name]
        elif why:
            again[job] = why
            left.append(job)
        elif name in errors:
            failed[job] = errors[name]
        else:
            left.append(job)
            if reason:
                stuck[reason] += 1
    learning = {name: told for name, told in at_work.items() if name.startswith("p")}
    divided = {job: parts[name] for job in running if (name := job_id(job)) in parts}
    busy = len(running) + sum(len(told) - 1 for told in divided.values())
    eta = _estimate(seconds, [*failed, *left], max(workers, busy))
    return SuiteStatus(
        len(seconds), failed, tuple(left), again, dict(stuck), eta, running, queued, learning, divided
    )


def _parts(at_work: Mapping[str, Running]) -> dict[str, dict[str, Running]]:
    """Parts that somebody is at, by the ids of their runs."""
    found: dict[str, dict[str, Running]] = defaultdict(dict)
    for name, told in at_work.items():
        if "." in name:
            found[name.partition(".")[0]][name] = told
    return dict(found)


class Durations:
    """What jobs take, by what jobs like them have taken.

    Args:
        seconds: Jobs that are done, and what they took.
    """

    def __init__(self, seconds: Iterable[tuple[Request, float]]) -> None:
        taken: dict[_Kind, list[float]] = defaultdict(list)
        for job, value in seconds:
            for kind in _kinds(job):
                taken[kind].append(value)
        self._mean = {kind: fmean(values) for kind, values in taken.items()}

    def like(self, job: Request, *, anything: bool = True) -> float | None:
        """The mean of the jobs that are most like it; None where nothing is.

        Args:
            job: The job.
            anything: Whether jobs of other methods will do.
        """
        kinds = _kinds(job) if anything else _kinds(job)[:-1]
        return next((self._mean[kind] for kind in kinds if kind in self._mean), None)


def _estimate(
    seconds: Iterable[tuple[Request, float]], todo: Sequence[Request], workers: int
) -> float | None:
    if not todo:
        return 0.0
    durations = Durations(seconds)
    known = [value for job in todo if (value := durations.like(job)) is not None]
    return sum(known) / min(workers, len(todo)) if known else None


def _kinds(job: Request) -> tuple[_Kind, ...]:
    return (job.dataset, job.method, job.recipe or "", job.scheme or ""), (job.method,), ()
