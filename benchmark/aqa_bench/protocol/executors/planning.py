"""From requests to planned jobs: pre-trainings and parts of long runs, what each needs, what is on disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.registry import find_method
from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob
from aqa_bench.protocol.executors.parts import divided, fits_of, part_id
from aqa_bench.protocol.executors.pretrainings import Pretraining, Pretrainings
from aqa_bench.protocol.plan import Request, RunFolders
from aqa_bench.protocol.suite_log import job_id

__all__ = ["Cost", "device_of", "needs_gpu", "plan_of"]

_ON_PICTURES = ("image", "video")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run is expected to take.

    Attributes:
        total: Seconds of it all.
        pretraining: Seconds of its pre-training among them.
        memory_gb: Memory in GB; None where nothing is known of it.
        estimate: What the estimate comes from.
        again: Seconds of the total that each part of it would take once more: its start, features of clips.
    """

    total: float
    pretraining: float = 0.0
    memory_gb: float | None = None
    estimate: Literal["probe", "runs", "given"] = "probe"
    again: float = 0.0


def needs_gpu(card: MethodCard) -> bool:
    """Whether a method is for a GPU where there is one: networks on pictures are, all else is for CPUs."""
    return card.modality in _ON_PICTURES


def device_of(card: MethodCard, device: str) -> str:
    """The device of a suite's job: with ``auto``, what is no work for a GPU stays on the CPU everywhere.

    A job then gives the same result whichever process, machine or executor does it.
    """
    return "cpu" if device == "auto" and not needs_gpu(card) else device


def plan_of(
    requests: Sequence[Request],
    folders: RunFolders | None = None,
    *,
    done: Callable[[Request], bool] = lambda _: False,
    costs: Mapping[Request, Cost] | None = None,
    pretraining: bool = True,
    split_s: float = 0.0,
) -> list[PlannedJob]:
    """The jobs of requests: first the pre-trainings that runs to do wait for, each once, then all runs.

    A run whose fits take longer than ``split_s`` has parts before it, each after all its pre-trainings: they
    make its fits, and it finds them finished.

    Args:
        requests: What is to be run.
        folders: Resolves requests.
        done: Whether a request's run is on disk and stands.
        costs: What runs are expected to take, as far as that is known.
        pretraining: Whether pre-trainings are jobs of their own; else the first run that wants one makes it.
        split_s: Seconds from which on a run's fits are divided; runs without an estimate are not, nor any
            with 0.

    Returns:
        The jobs. A request that cannot be resolved is a job as well: it fails with the reason when it is run.
    """
    folders, costs = RunFolders() if folders is None else folders, costs or {}
    of = Pretrainings(folders).of
    runs: list[PlannedJob] = []
    waiting: dict[Pretraining, list[Request]] = defaultdict(list)
    for request in requests:
        finished = done(request)
        try:
            wanted = of(request) if pretraining and not finished else []
        except AqaBenchError:
            wanted = []
        known = {p.id: p for p in waiting}
        for shared in wanted:
            waiting[known.get(shared.id, shared)].append(request)
        after, cost = [p.id for p in wanted], costs.get(request)
        parts = [] if finished or cost is None else _parts(request, folders, after, cost, split_s)
        runs += [*parts, _run(request, after, cost, finished, parts)]
    return [*(_pretraining(p, users, costs) for p, users in waiting.items()), *runs]


def _run(
    request: Request, after: Sequence[str], cost: Cost | None, done: bool, parts: Sequence[PlannedJob]
) -> PlannedJob:
    seconds = None if cost is None else cost.again if parts else _seconds(cost, after)
    return PlannedJob(
        id=job_id(request),
        kind=JobKind.RUN,
        request=request,
        after=(*after, *(part.id for part in parts)),
        gpu=needs_gpu(find_method(request.method).card),
        memory_gb=None if cost is None else cost.memory_gb,
        seconds=None if seconds is None else round(seconds, 3),
        estimate=None if cost is None else cost.estimate,
        done=done,
    )


def _parts(
    request: Request, folders: RunFolders, after: Sequence[str], cost: Cost, split_s: float
) -> list[PlannedJob]:
    fitting = max(_seconds(cost, after) - cost.again, 0.0)
    if not 0 < split_s < fitting:
        return []
    try:
        fits = fits_of(request, folders)
    except AqaBenchError:
        return []
    return [
        PlannedJob(
            id=part_id(request, share),
            kind=JobKind.PART,
            request=request,
            fits=share,
            after=tuple(after),
            gpu=needs_gpu(find_method(request.method).card),
            memory_gb=cost.memory_gb,
            seconds=round(fitting * len(share) / len(fits) + cost.again, 3),
            estimate=cost.estimate,
        )
        for share in divided(fits, fitting, split_s)
    ]


def _seconds(cost: Cost, after: Sequence[str]) -> float:
    """Seconds of a run, without the pre-trainings that it waits for."""
    return max(cost.total - (cost.pretraining if after else 0.0), 0.0)


def _pretraining(wanted: Pretraining, users: Sequence[Request], costs: Mapping[Request, Cost]) -> PlannedJob:
    known = [costs[user] for user in users if user in costs]
    cost = max(known, key=lambda cost: cost.pretraining, default=None)
    return PlannedJob(
        id=wanted.id,
        kind=JobKind.PRETRAINING,
        request=users[0],
        pool=wanted.pool,
        gpu=needs_gpu(find_method(users[0].method).card),
        memory_gb=max((c.memory_gb for c in known if c.memory_gb is not None), default=None),
        seconds=None if cost is None else round(cost.pretraining, 3),
        estimate=None if cost is None else cost.estimate,
    )
