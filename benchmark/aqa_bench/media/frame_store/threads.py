"""Work on clips and frames in threads: decoders let each other run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import lru_cache
from itertools import islice
from typing import TypeVar

import numpy as np

from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.clips import Indices
from aqa_bench.media.frame_store.clip_file import ClipFile

__all__ = ["read_rows", "unordered"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_LEAST = 8


def unordered(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Apply a function to items, in order of completion, holding few results at a time.

    Args:
        function: May be called from several threads at once.
        items: Taken a few ahead.
        threads: Number of threads; 1 works in this one.

    Yields:
        One result per item. The first error ends the work and is raised.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    rest = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        running: set[Future[Result]] = set()
        try:
            while True:
                running |= {pool.submit(function, item) for item in islice(rest, 2 * threads - len(running))}
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                while done:
                    yield done.pop().result()
        finally:
            for future in running:
                future.cancel()


def read_rows(
    files: Sequence[ClipFile], clips: Indices, frames: Indices, out: UInt8Array, threads: int = 1
) -> None:
    """Read frames of several clips.

    Args:
        files: The clips.
        clips: ``(N,)`` numbers of clips in ``files``.
        frames: ``(N,)`` frame numbers in those clips.
        out: ``(N, side, side, 3)`` uint8, contiguous; written in place.
        threads: Most threads that read.

    Raises:
        DataError: A file is gone or damaged.
    """
    order = np.argsort(clips, kind="stable")

    def read(rows: Indices) -> None:
        for same in np.split(rows, np.flatnonzero(np.diff(clips[rows])) + 1):
            files[clips[same[0]]].read(frames[same].tolist(), out, same.tolist())

    parts = min(threads, len(order) // _LEAST)
    if parts <= 1:
        if len(order):
            read(order)
        return
    for _ in _pool(os.getpid(), threads).map(read, np.array_split(order, parts)):
        pass


@lru_cache(maxsize=4)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    # Threads do not survive a fork, so each process has its own.
    return ThreadPoolExecutor(threads, thread_name_prefix="frames")
