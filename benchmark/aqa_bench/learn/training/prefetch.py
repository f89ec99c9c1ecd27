"""Reading ahead: the next batches are made while the present one is computed with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

__all__ = ["prefetch"]

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
        except BaseException as error:
            put(None, error)
            return
        put(None, StopIteration())

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
