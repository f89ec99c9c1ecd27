from __future__ import annotations

import time

import pytest

from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.fitness_aqa.parallel import read_all, workers


class Recorded(NullProgress):
    """Records what is reported."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def start(self, task: str, total: int | None = None) -> None:
        self.seen.append((task, total))

    def advance(self, steps: int = 1, **fields: object) -> None:
        self.seen.append(steps)

    def close(self) -> None:
        self.seen.append("closed")


def test_results_keep_the_order_of_the_items() -> None:
    progress = Recorded()
    slow_first = [(0.02 if n == 0 else 0.0, n) for n in range(40)]

    def read(item: tuple[float, int]) -> int:
        time.sleep(item[0])
        return item[1]

    assert read_all(read, slow_first, progress, "Read") == list(range(40))
    assert (progress.seen[0], progress.seen[-1]) == (("Read", 40), "closed")
    assert sum(step for step in progress.seen if isinstance(step, int)) == 40


def test_an_interruption_drops_what_has_not_begun() -> None:
    begun: list[int] = []

    def read(item: int) -> int:
        begun.append(item)
        if item == 0:
            raise KeyboardInterrupt
        time.sleep(0.005)
        return item

    progress = Recorded()
    with pytest.raises(KeyboardInterrupt):
        read_all(read, range(2000), progress, "Read")
    assert len(begun) < 1000
    assert progress.seen[-1] == "closed"


def test_there_is_at_least_one_worker() -> None:
    assert workers() >= 1
