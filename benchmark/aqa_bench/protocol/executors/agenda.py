"""The order of jobs: nobody waits for a job that another is at while a third could be done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from statistics import fmean

from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob
from aqa_bench.protocol.plan import Request

__all__ = ["Agenda", "wanted_for"]


def wanted_for(
    jobs: Sequence[PlannedJob], requests: Iterable[Request], *, parts: bool = True
) -> list[PlannedJob]:
    """The runs of some requests, and what these wait for.

    Args:
        jobs: The jobs as they were planned.
        requests: The requests.
        parts: Whether runs have their parts before them; without, each makes all its fits.
    """
    asked = {*requests}
    runs = [job for job in jobs if job.is_run and job.request in asked]
    needed = {name for job in runs for name in job.after} | {job.id for job in runs}
    return [job for job in jobs if job.id in needed and (parts or job.kind is not JobKind.PART)]


class Agenda:
    """Hands out jobs whose turn it is: what the longest work waits for comes first.

    Without estimates a pre-training comes before what waits for nothing, and first seeds before others, since
    seeds of one method share features.

    Args:
        jobs: The jobs, each after those that it waits for.
    """

    def __init__(self, jobs: Sequence[PlannedJob]) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._order = _order(jobs)
        self._missing = {job.id: {name for name in job.after if name in self._jobs} for job in jobs}
        self._then: dict[str, list[str]] = defaultdict(list)
        for job in jobs:
            for name in self._missing[job.id]:
                self._then[name].append(job.id)
        self._ready: dict[bool, list[tuple[int, str]]] = {True: [], False: []}
        for job in jobs:
            self._offer(job)

    def take(self, *, gpu: bool = True, cpu: bool = True) -> PlannedJob | None:
        """The next job; None where nothing can be done now.

        Args:
            gpu: Whether jobs for a GPU are taken; these come first.
            cpu: Whether others are.
        """
        heaps = [self._ready[kind] for kind, wanted in ((True, gpu), (False, cpu)) if wanted]
        heap = next((heap for heap in heaps if heap), None)
        return None if heap is None else self._jobs[heappop(heap)[1]]

    def ended(self, job: PlannedJob, *, well: bool) -> list[PlannedJob]:
        """Say that a job has ended.

        Returns:
            Where it ended badly, the jobs that cannot be done any more.
        """
        waiting = self._then.pop(job.id, [])
        if well:
            for name in waiting:
                # One that also waited for a failure is gone.
                self._missing.get(name, set()).discard(job.id)
                self._offer(self._jobs[name])
            return []
        lost = [self._jobs[name] for name in waiting if self._missing.pop(name, None) is not None]
        return [*lost, *(job for gone in lost for job in self.ended(gone, well=False))]

    def _offer(self, job: PlannedJob) -> None:
        if self._missing.get(job.id) == set():
            heappush(self._ready[job.gpu], (self._order[job.id], job.id))


def _order(jobs: Sequence[PlannedJob]) -> dict[str, int]:
    """Where each job stands: by the time from its start to the end of what waits for it, longest first."""
    known = [job.seconds for job in jobs if job.seconds is not None]
    # What nobody has an estimate of takes as long as the others do.
    usual = fmean(known) if known else 1.0
    then = dict.fromkeys((job.id for job in jobs), 0.0)
    for job in reversed(jobs):
        then[job.id] += usual if job.seconds is None else job.seconds
        for name in job.after:
            if name in then:
                then[name] = max(then[name], then[job.id])
    ranked = sorted(range(len(jobs)), key=lambda i: (-then[jobs[i].id], jobs[i].request.seed, i))
    return {jobs[i].id: place for place, i in enumerate(ranked)}
