from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.training.batches import full_batches, shuffled_batches


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 99))
def test_every_example_once_and_none_alone(n: int, size: int, seed: int) -> None:
    x = torch.arange(n)
    batches = list(shuffled_batches(x, x * 2, size, seed))
    seen = torch.cat([a for a, _ in batches])
    assert torch.equal(seen.sort().values, x)
    assert torch.equal(torch.cat([b for _, b in batches]), seen * 2)
    assert all(len(a) <= size + 1 for a, _ in batches)
    if n > 1 and size > 1:
        assert all(len(a) > 1 for a, _ in batches)


def test_the_order_is_the_seeds() -> None:
    x = torch.arange(50)
    first, again, other = (next(shuffled_batches(x, x, 50, seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(RecipeError):
        next(shuffled_batches(torch.zeros(2), torch.zeros(2), 0, 0))


@pytest.mark.parametrize(("count", "size"), [(7, 3), (6, 3), (2, 3), (3, 3)])
def test_full_batches_leave_the_rest_unless_it_is_all(count: int, size: int) -> None:
    parts = [list(range(count))[part] for part in full_batches(count, size)]
    assert [i for part in parts for i in part] == list(range(count - count % size or count))
    assert all(len(part) == min(size, count) for part in parts)
