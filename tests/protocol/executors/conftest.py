from __future__ import annotations

from collections.abc import Callable

import pytest

from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob
from aqa_bench.protocol.plan import Request

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def job() -> Callable[..., PlannedJob]:
    """A job that nobody will do: ``job("p1")`` is a pre-training, ``job("1", after=("p1",))`` a run."""

    def make(name: str, *, after: tuple[str, ...] = (), seed: int = 0, **told) -> PlannedJob:
        number, is_run = name.removeprefix("p"), not name.startswith("p")
        full = tuple("p" * one.startswith("p") + f"{int(one.removeprefix('p')):012x}" for one in after)
        kind = JobKind.RUN if is_run else JobKind.PRETRAINING
        request = Request(DATASET, "noise", seed=seed, overrides=(f"shift={number}",))
        own = "p" * (not is_run) + f"{int(number):012x}"
        return PlannedJob(id=own, kind=kind, request=request, after=full, **told)

    return make
