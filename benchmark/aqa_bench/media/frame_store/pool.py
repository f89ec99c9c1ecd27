"""A pool of processes that outlives the crash of one of its workers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

__all__ = ["map_unordered"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def map_unordered(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    jobs: int,
    crashed: Callable[[Task], Result],
) -> Iterator[Result]:
    """Apply a function to tasks in several processes, in order of completion.

    Media come from anywhere, and a decoder that crashes takes its process along. Tasks that were under
    way then are tried again one by one, and the one that crashes alone is answered by ``crashed``.

    Args:
        function: Picklable by name.
        tasks: Picklable; only a few are taken in advance.
        jobs: Number of processes; 1 works in this process, without that protection.
        crashed: Makes the result of a task whose process died.

    Yields:
        One result a task.
    """
    if jobs <= 1:
        yield from map(function, tasks)
        return
    rest = iter(tasks)
    while batch := list(islice(rest, 4 * jobs)):
        suspects: list[Task] = []
        yield from _run(function, batch, rest, jobs, suspects)
        for task in suspects:
            alone: list[Task] = []
            yield from _run(function, [task], iter(()), 1, alone)
            yield from map(crashed, alone)


def _run(
    function: Callable[[Task], Result], batch: list[Task], rest: Iterator[Task], jobs: int, lost: list[Task]
) -> Iterator[Result]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context)
    try:
        running: dict[Future[Result], Task] = {pool.submit(function, task): task for task in batch}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    lost.append(task)
                    continue
                yield result
                if not lost:
                    _submit_next(pool, function, rest, running, lost)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _submit_next(
    pool: ProcessPoolExecutor,
    function: Callable[[Task], Result],
    rest: Iterator[Task],
    running: dict[Future[Result], Task],
    lost: list[Task],
) -> None:
    for task in islice(rest, 1):
        try:
            running[pool.submit(function, task)] = task
        except BrokenProcessPool:
            lost.append(task)
