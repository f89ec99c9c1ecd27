"""Batches of what fits into memory, and reading ahead of those that do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from itertools import pairwise
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.training.device import uploaded

__all__ = ["full_batches", "prefetch", "shuffled_batches"]


def full_batches(count: int, size: int) -> Iterator[slice]:
    """Slices of ``size`` items; what is left over makes no batch, unless it is all there is.

    Args:
        count: Number of items.
        size: Items per batch, at least 1.

    Raises:
        RecipeError: The size is below 1.

    Example:
        >>> [(part.start, part.stop) for part in full_batches(7, 3)]
        [(0, 3), (3, 6)]
    """
    _at_least_one(size)
    # Left-over items are dropped: batch norms and losses over a batch would
    # weigh them otherwise than the rest.
    for start in range(0, max(count - count % size, 1), size):
        yield slice(start, start + size)


def shuffled_batches(x: Tensor, y: Tensor, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """One pass over examples in an order drawn from a seed.

    A single left-over example joins the batch before it, since batch normalisation needs two.

    Args:
        x: ``(n, ...)`` inputs.
        y: ``(n,)`` targets.
        size: Examples per batch, at least 1.
        seed: Seed of the order.

    Yields:
        Inputs and targets of a batch, on the devices that they are on.

    Raises:
        RecipeError: The size is below 1.
    """
    _at_least_one(size)
    # NumPy's generator, so that the order is the same on every device and version of PyTorch.
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x)))
    cuts = [0, *range(size, len(order), size)]
    if len(cuts) > 1 and size > 1 and len(order) - cuts[-1] == 1:
        cuts.pop()
    # Sent once: a batch then waits for no copy.
    of_x, of_y = uploaded(order, x.device), uploaded(order, y.device)
    for start, stop in pairwise([*cuts, len(order)]):
        yield x[of_x[start:stop]], y[of_y[start:stop]]


def _at_least_one(size: int) -> None:
    if size < 1:
        raise RecipeError("A batch is too small.", where="batch size", expected="at least 1", found=size)


Item = TypeVar("Item")
_POLL_SECONDS = 0.1


def prefetch(items: Iterable[Item], depth: int = 2) -> Iterator[Item]:
    """Iterate in a background thread that stays at most ``depth`` items ahead.

    The order is kept, and an exception of the iterable is raised where its item would have come. The
    thread ends when the iterator is closed or exhausted. It has this thread's context variables, so that
    what a method may not read stays closed to it there too.

    Args:
        items: What to iterate over; it must not draw from PyTorch's default generators.
        depth: Items made in advance; 0 iterates in this thread.

    Yields:
        The items.
    """
    if depth < 1:
        yield from items
        return
    queue: Queue[tuple[Item | None, BaseException | None]] = Queue(depth)
    closed = Event()

    def put(item: Item | None, error: BaseException | None) -> None:
        # A consumer that stopped early reads no more; with a plain put the thread would wait for ever.
        while not closed.is_set():
            try:
                queue.put((item, error), timeout=_POLL_SECONDS)
            except Full:
                continue
            return

    def work() -> None:
        try:
            for item in items:
                put(item, None)
                if closed.is_set():
                    return
        # Whatever it is: an exception that got lost here would leave the reader
        # waiting for an item that never comes.
        except BaseException as error:
            put(None, error)
            return
        put(None, StopIteration())

    # A new thread starts with an empty context, in which the guard of labels would not stand.
    thread = Thread(target=copy_context().run, args=(work,), name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        closed.set()
        thread.join()
