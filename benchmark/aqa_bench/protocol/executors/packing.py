"""Short jobs packed into one task of an array, and arrays that a cluster accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob

__all__ = ["Array", "Pack", "arrays_of"]

_ORDER = (JobKind.PRETRAINING, JobKind.PART, JobKind.RUN)


@dataclass(frozen=True, slots=True)
class Pack:
    """Jobs that are done one after the other.

    Attributes:
        jobs: The jobs: of one kind, for the same kind of device, waiting for the same others.
    """

    jobs: tuple[PlannedJob, ...]

    @property
    def seconds(self) -> float | None:
        """Estimate of all of them; None where one has none."""
        known = [job.seconds for job in self.jobs if job.seconds is not None]
        return sum(known) if len(known) == len(self.jobs) else None

    @property
    def memory_gb(self) -> float | None:
        """Memory that the largest of them is given; None where nothing is known."""
        return max((job.memory_gb for job in self.jobs if job.memory_gb is not None), default=None)


@dataclass(frozen=True, slots=True)
class Array:
    """Packs that are submitted at once.

    Attributes:
        packs: The packs.
        gpu: Whether they are for a GPU.
        after: Ids of the jobs that all of them wait for.
    """

    packs: tuple[Pack, ...]
    gpu: bool
    after: tuple[str, ...]


def arrays_of(jobs: Sequence[PlannedJob], *, pack_s: float, most: int) -> list[Array]:
    """Arrays of packs, each after those that it waits for.

    Args:
        jobs: The jobs, each after those that it waits for.
        pack_s: Seconds that a pack may take; a job without an estimate, or of this length, is alone.
        most: Most tasks of an array.
    """
    groups: dict[tuple[int, str, bool, tuple[str, ...]], list[PlannedJob]] = {}
    for job in jobs:
        # Parts of one run are together: nothing else waits for them.
        of = job.run_id if job.kind is JobKind.PART else ""
        groups.setdefault((_ORDER.index(job.kind), of, job.gpu, job.after), []).append(job)
    # What is waited for first: who waits for it names it.
    ordered = sorted(groups.items(), key=lambda group: group[0][0])
    return [
        Array(packs, gpu, after)
        for (kind, _, gpu, after), members in ordered
        # A pre-training is alone: its dependents wait for no other.
        for packs in _batched(_packed(members, pack_s if kind else 0.0), most)
    ]


def _batched(packs: Iterator[Pack], size: int) -> Iterator[tuple[Pack, ...]]:
    while batch := tuple(islice(packs, size)):
        yield batch


def _packed(jobs: Sequence[PlannedJob], pack_s: float) -> Iterator[Pack]:
    """Jobs in their order, as many together as fit."""
    held: list[PlannedJob] = []
    taken = 0.0
    for job in jobs:
        if job.seconds is None or job.seconds >= pack_s:
            yield Pack((job,))
            continue
        if held and taken + job.seconds > pack_s:
            yield Pack(tuple(held))
            held, taken = [], 0.0
        held.append(job)
        taken += job.seconds
    if held:
        yield Pack(tuple(held))
