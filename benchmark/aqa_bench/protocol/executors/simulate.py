"""What a plan would take on so many GPUs: its jobs played through with their estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.executors.agenda import Agenda
from aqa_bench.protocol.executors.job_file import PlannedJob

__all__ = ["Simulation", "simulate"]


@dataclass(frozen=True, slots=True)
class Simulation:
    """How a plan would go.

    Attributes:
        jobs: Number of jobs.
        gpus: Number of GPUs.
        cpus: Number of processes beside them.
        seconds: From the first start to the last end.
        gpu_seconds: That GPUs worked.
        cpu_seconds: That the processes beside them worked.
        idle: Share of the GPUs' time, until the last job for a GPU ends, in which they did nothing.
        longest: Seconds of the longest chain of jobs that wait for each other: no number of GPUs is faster.
    """

    jobs: int
    gpus: int
    cpus: int
    seconds: float
    gpu_seconds: float
    cpu_seconds: float
    idle: float
    longest: float


def simulate(jobs: Sequence[PlannedJob], gpus: int, cpus: int) -> Simulation:
    """Play a plan through; jobs are taken in the order in which processes of one machine would take them.

    Nothing is charged for starting a job, for a queue, or for two jobs that read from one disk.

    Args:
        jobs: Jobs that wait for none but each other.
        gpus: Number of GPUs, one job each; 0 leaves all jobs to the processes.
        cpus: Number of processes for other jobs; 0 leaves these to the GPUs.

    Raises:
        UsageError: A job has no estimate, or there is nothing to run jobs on.
    """
    unknown = [job for job in jobs if job.seconds is None]
    if unknown:
        raise UsageError(
            "A plan can be simulated only if every job has an estimate.",
            expected="an estimate of each job",
            found=f"{len(unknown)} of {len(jobs)} jobs without, e.g. of {unknown[0].request.method}",
            remedy="Give times (--times TABLE.toml), probe (--cost), or name finished runs (--runs).",
        )
    if gpus + cpus < 1:
        raise UsageError("Jobs need something to run on.", expected="--gpus or --cpus", found="0 of both")
    agenda, at_work = Agenda(jobs), list[tuple[float, int, bool, PlannedJob]]()
    free, busy, now, last, count = {True: gpus, False: cpus}, {True: 0.0, False: 0.0}, 0.0, 0.0, 0
    while True:
        for on_gpu in (True, False):
            takes = {"gpu": on_gpu or not gpus, "cpu": not on_gpu or not cpus}
            while free[on_gpu] and (job := agenda.take(**takes)) is not None:
                seconds = job.seconds or 0.0
                free[on_gpu] -= 1
                busy[on_gpu] += seconds
                count += 1
                heappush(at_work, (now + seconds, count, on_gpu, job))
        if not at_work:
            break
        now, _, on_gpu, job = heappop(at_work)
        last = now if on_gpu else last
        free[on_gpu] += 1
        agenda.ended(job, well=True)
    idle = 1 - busy[True] / (gpus * last) if gpus and last else 0.0
    return Simulation(len(jobs), gpus, cpus, now, busy[True], busy[False], max(idle, 0.0), _longest(jobs))


def _longest(jobs: Sequence[PlannedJob]) -> float:
    ends: dict[str, float] = {}
    for job in jobs:
        before = max((ends[name] for name in job.after if name in ends), default=0.0)
        ends[job.id] = before + (job.seconds or 0.0)
    return max(ends.values(), default=0.0)
