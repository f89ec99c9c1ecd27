from __future__ import annotations

import pytest

from aqa_bench.media.frame_store.pool import map_unordered


@pytest.mark.parametrize("jobs", [1, 2])
def test_answers_every_task(jobs: int) -> None:
    assert sorted(map_unordered(abs, range(-20, 0), jobs, lambda task: -1)) == list(range(1, 21))
    assert list(map_unordered(abs, [], jobs, lambda task: -1)) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_reach_the_caller(jobs: int) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_unordered(int, ["1", "x"], jobs, lambda task: -1))


def test_a_crashing_worker_costs_its_own_task_only() -> None:
    tasks = [f"{number} + 1" for number in range(8)]
    tasks.insert(3, "__import__('os')._exit(1)")
    results = list(map_unordered(eval, tasks, 2, lambda task: task))
    assert sorted(map(str, results)) == sorted([*map(str, range(1, 9)), tasks[3]])
