"""Reading many files with all cores, with progress, and without hanging when interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from aqa_bench.core.progress import Progress

__all__ = ["read_all", "workers"]

T = TypeVar("T")
R = TypeVar("R")

_BATCH = 16


def workers() -> int:
    """Threads to read with: one a core that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def read_all(function: Callable[[T], R], items: Collection[T], progress: Progress, task: str) -> list[R]:
    """Apply a function to every item, in threads: hashing, demultiplexing and decoding free the interpreter.

    Args:
        function: Reads one item.
        items: The items.
        progress: Where to report.
        task: Name of the work.

    Returns:
        The results in the order of the items.
    """
    results: list[R] = []
    progress.start(task, len(items))
    try:
        with ThreadPoolExecutor(workers()) as pool:
            futures = [pool.submit(_each, function, batch) for batch in _batches(items)]
            try:
                for future in futures:
                    done = future.result()
                    results.extend(done)
                    progress.advance(len(done))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        progress.close()
    return results


def _each(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    return [function(item) for item in items]


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
