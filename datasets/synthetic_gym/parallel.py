"""Clip by clip, in as many processes as wanted."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from types import ModuleType
from typing import TypeVar

from aqa_bench.core.lifeline import end_with_parent

__all__ = ["in_processes", "results_of", "worthwhile"]

Plan = TypeVar("Plan")
Result = TypeVar("Result")

#: Successive plans of a worker: most sources, whose scene is drawn once per process, are not torn apart.
_TOGETHER = 16
#: Clips whose annotation takes about as long as the start of a process.
_WORTH_A_PROCESS = 100


def in_processes(make: Callable[[Plan], None], plans: Sequence[Plan], jobs: int) -> Iterator[None]:
    """Call ``make`` for every plan and yield as each is done, in any order.

    Args:
        make: What renders a plan and writes it; more than one process must be able to pickle it.
        plans: What to render.
        jobs: Processes, each with one thread; 1 stays in this process and leaves its threads alone.

    Raises:
        Exception: What ``make`` raised; plans that were not begun are dropped.
    """
    if jobs <= 1 or len(plans) < 2:
        for plan in plans:
            make(plan)
            yield None
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(plans)), context, initializer=_enter) as pool:
        with _without_main():
            futures = [pool.submit(make, plan) for plan in plans]
        try:
            for future in as_completed(futures):
                future.result()
                yield None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def results_of(make: Callable[[Plan], Result], plans: Sequence[Plan], jobs: int) -> list[Result]:
    """What ``make`` returns for every plan, in the plans' order: the same whatever the processes.

    Args:
        make: Needs no PyTorch; more than one process must be able to pickle it and what it returns.
        plans: What to make.
        jobs: Processes; 1 stays in this process.

    Raises:
        Exception: What ``make`` raised first.
    """
    if jobs <= 1 or len(plans) <= _TOGETHER:
        return [make(plan) for plan in plans]
    context = multiprocessing.get_context("spawn")
    workers = min(jobs, -(-len(plans) // _TOGETHER))
    with ProcessPoolExecutor(workers, context, initializer=end_with_parent) as pool:
        with _without_main():
            results = pool.map(make, plans, chunksize=_TOGETHER)
        return list(results)


def worthwhile(plans: int, jobs: int | None) -> int:
    """Number of processes that annotate some plans sooner than fewer would.

    Args:
        plans: Number of plans.
        jobs: Most processes, one for each processor where None.
    """
    return max(1, min(jobs or os.cpu_count() or 1, plans // _WORTH_A_PROCESS))


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not run the caller's script: unguarded, it would start processes in turn."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _enter() -> None:
    end_with_parent()
    import torch

    torch.set_num_threads(1)
