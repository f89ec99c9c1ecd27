from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from aqa_bench.learn.training.batches import prefetch


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_same_items_in_order(depth: int) -> None:
    assert list(prefetch(range(50), depth)) == list(range(50))
    assert list(prefetch([None, None], depth)) == [None, None]


@pytest.mark.parametrize("depth", [0, 2])
def test_errors_come_where_the_item_would(depth: int) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    iterator = prefetch(items(), depth)
    assert next(iterator) == 1
    with pytest.raises(KeyError):
        next(iterator)


def test_stays_a_bounded_number_of_items_ahead_and_ends_when_closed() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    iterator = prefetch(items(), 2)
    next(iterator)
    deadline = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(made) == 4
    iterator.close()  # type: ignore[attr-defined]
    assert not any(thread.name == "prefetch" for thread in threading.enumerate())


def test_the_thread_has_the_context_of_its_reader() -> None:
    name: ContextVar[str] = ContextVar("name", default="nobody")
    name.set("reader")
    assert list(prefetch((name.get() for _ in range(2)), depth=1)) == ["reader", "reader"]
