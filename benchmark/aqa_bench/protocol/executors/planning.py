"""From requests to planned jobs: pre-trainings on their own, what each needs, what is on disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.registry import find_method
from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob
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
    """

    total: float
    pretraining: float = 0.0
    memory_gb: float | None = None
    estimate: Literal["probe", "runs", "given"] = "probe"


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
) -> list[PlannedJob]:
    """The jobs of requests: first the pre-trainings that runs to do wait for, each once, then all runs.

    Args:
        requests: What is to be run.
        folders: Resolves requests.
        done: Whether a request's run is on disk and stands.
        costs: What runs are expected to take, as far as that is known.
        pretraining: Whether pre-trainings are jobs of their own; else the first run that wants one makes it.

    Returns:
        The jobs. A request that cannot be resolved is a job as well: it fails with the reason when it is run.
    """
    of, costs = Pretrainings(RunFolders() if folders is None else folders).of, costs or {}
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
        runs.append(_run(request, [p.id for p in wanted], costs.get(request), finished))
    return [*(_pretraining(p, users, costs) for p, users in waiting.items()), *runs]


def _run(request: Request, after: Sequence[str], cost: Cost | None, done: bool) -> PlannedJob:
    spent = cost.pretraining if cost is not None and after else 0.0
    return PlannedJob(
        id=job_id(request),
        kind=JobKind.RUN,
        request=request,
        after=tuple(after),
        gpu=needs_gpu(find_method(request.method).card),
        memory_gb=None if cost is None else cost.memory_gb,
        seconds=None if cost is None else round(max(cost.total - spent, 0.0), 3),
        estimate=None if cost is None else cost.estimate,
        done=done,
    )


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
