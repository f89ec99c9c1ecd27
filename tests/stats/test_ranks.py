from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.ranks import Rank, ranks_of

Array = NDArray[np.float64]


def matrix(n: int, **pairs: float) -> Array:
    p = np.ones((n, n))
    for key, value in pairs.items():
        i, j = (ord(c) - ord("a") for c in key)
        p[i, j] = p[j, i] = value
    return p


def groups(values: list[float], p: Array, **options: bool) -> list[int]:
    return [rank.group for rank in ranks_of(values, p, **options)]


def test_rows_are_in_the_group_of_the_leader_that_is_not_better_for_certain() -> None:
    p = matrix(4, ac=0.01, ad=0.02)
    assert groups([0.9, 0.88, 0.7, 0.69], p) == [1, 1, 2, 2]
    assert groups([0.9, 0.88, 0.7, 0.69], matrix(4)) == [1, 1, 1, 1]
    assert groups([0.9, 0.88, 0.7, 0.69], matrix(4, ac=0.01, ad=0.02, cd=0.05)) == [1, 1, 2, 3]


def test_a_noisy_row_may_share_a_group_that_a_steadier_one_does_not() -> None:
    p = matrix(3, ab=0.01)
    assert ranks_of([3, 2, 1], p) == [Rank(1, 1, 2), Rank(2, 2, 3), Rank(1, 1, 3)]


def test_intervals_count_who_is_better_and_who_is_worse() -> None:
    p = matrix(4, ac=0.01, ad=0.01, bd=0.03)
    assert ranks_of([0.9, 0.8, 0.7, 0.6], p) == [
        Rank(1, 1, 2),
        Rank(1, 1, 3),
        Rank(2, 2, 4),
        Rank(2, 3, 4),
    ]


def test_direction_of_the_metric() -> None:
    p = matrix(2, ab=0.01)
    assert groups([1.0, 2.0], p, higher_is_better=False) == [1, 2]
    assert groups([1.0, 2.0], p) == [2, 1]


def test_of_equal_values_neither_is_better() -> None:
    assert ranks_of([1.0, 1.0], matrix(2, ab=0.0)) == [Rank(1, 1, 2), Rank(1, 1, 2)]
    assert ranks_of([], np.ones((0, 0))) == []


@given(st.integers(1, 9), st.integers(0, 1 << 30))
@settings(max_examples=60, deadline=None)
def test_ranks_hold_together(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.random(n), 1)
    p = rng.random((n, n)) ** 2
    p = (p + p.T) / 2
    found = ranks_of(values.tolist(), p, 0.2)
    better = (p <= 0.2) & (values[:, None] > values)
    assert sorted({rank.group for rank in found}) == list(range(1, max(r.group for r in found) + 1))
    for i, rank in enumerate(found):
        assert 1 <= rank.low <= rank.high <= n
        assert (rank.low, rank.high) == (1 + better[:, i].sum(), n - better[i].sum())
        # A group is led by one that is not better for certain than any of it.
        same = [j for j, other in enumerate(found) if other.group == rank.group]
        leader = max(same, key=lambda j: (values[j], -j))
        assert not better[leader, i]
        # Whoever is in a lower group was beaten by each leader above it.
        for group in range(1, rank.group):
            above = [j for j, other in enumerate(found) if other.group == group]
            assert better[max(above, key=lambda j: (values[j], -j)), i]
    order = rng.permutation(n)
    if len(set(values)) == n:
        again = ranks_of(values[order].tolist(), p[np.ix_(order, order)], 0.2)
        assert again == [found[i] for i in order]


def test_a_stricter_level_never_separates_more() -> None:
    rng = np.random.default_rng(5)
    p = rng.random((8, 8))
    p = (p + p.T) / 2
    strict, loose = (ranks_of(rng.permutation(8).tolist(), p, alpha) for alpha in (0.0, 0.3))
    assert {(rank.group, rank.low, rank.high) for rank in strict} == {(1, 1, 8)}
    assert sum(rank.high - rank.low for rank in loose) < 8 * 7


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match="do not fit"):
        ranks_of([1, 2], matrix(3))
    with pytest.raises(DataError, match="p_values"):
        ranks_of([1, 2], matrix(2, ab=np.nan))
    with pytest.raises(DataError, match="values"):
        ranks_of([1, np.nan], matrix(2))
