from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.stats.ranks import rank_groups


def matrix(n: int, **pairs: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    p = np.ones((n, n))
    for key, value in pairs.items():
        i, j = (ord(c) - ord("a") for c in key)
        p[i, j] = p[j, i] = value
    return p


def test_leader_with_its_equals_then_the_best_of_the_rest() -> None:
    p = matrix(4, ac=0.001, ad=0.001, bc=0.001, bd=0.001, cd=0.5)
    assert rank_groups("abcd", [0.9, 0.88, 0.7, 0.69], p) == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert rank_groups("abcd", [0.9, 0.88, 0.7, 0.69], matrix(4)) == dict.fromkeys("abcd", 1)


def test_holm_is_over_the_comparisons_with_the_leader() -> None:
    # 0.02 and 0.04 for two comparisons: adjusted 0.04 and 0.04, both significant; 0.03 and 0.04: neither.
    assert rank_groups("abc", [3, 2, 1], matrix(3, ab=0.04, ac=0.02)) == {"a": 1, "b": 2, "c": 2}
    assert rank_groups("abc", [3, 2, 1], matrix(3, ab=0.04, ac=0.03)) == {"a": 1, "b": 1, "c": 1}
    # In group 2 a single comparison is left, and needs no correction.
    assert rank_groups("abc", [3, 2, 1], matrix(3, ab=0.01, ac=0.01, bc=0.04)) == {"a": 1, "b": 2, "c": 3}


def test_a_noisy_method_stays_with_the_leader() -> None:
    assert rank_groups("abc", [3, 2, 1], matrix(3, ab=0.01, ac=0.5)) == {"a": 1, "b": 2, "c": 1}


def test_lower_is_better() -> None:
    p = matrix(2, ab=0.001)
    assert rank_groups("ab", [1.0, 2.0], p, higher_is_better=False) == {"a": 1, "b": 2}
    assert rank_groups("ab", [1.0, 2.0], p) == {"a": 2, "b": 1}


def test_undefined_values_have_no_rank_and_no_influence() -> None:
    p = matrix(3, ab=math.nan, bc=math.nan, ac=0.04)
    assert rank_groups("abc", [3, math.nan, 1], p) == {"a": 1, "b": None, "c": 2}
    assert rank_groups([], [], np.ones((0, 0))) == {}


def test_equal_values_are_ties_whatever_the_p_value() -> None:
    assert rank_groups("ab", [1.0, 1.0], matrix(2, ab=0.0)) == {"a": 1, "b": 1}


def test_only_the_pairs_needed_are_asked_for() -> None:
    asked = []

    def p_of(leader: str, other: str) -> float:
        asked.append(leader + other)
        return 0.001 if leader == "a" else 0.9

    assert rank_groups("abcd", [4, 3, 2, 1], p_of) == {"a": 1, "b": 2, "c": 2, "d": 2}
    assert asked == ["ab", "ac", "ad", "bc", "bd"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.just(math.nan), st.floats(-1, 1)), max_size=8), st.integers(0, 99))
def test_groups_are_numbered_without_gaps_and_leaders_descend(values: list[float], seed: int) -> None:
    names = [f"m{i}" for i in range(len(values))]
    p = np.random.default_rng(seed).random((len(values), len(values))) ** 4
    groups = rank_groups(names, values, p)
    assert list(groups) == names
    ranks = sorted({g for g in groups.values() if g is not None})
    assert ranks == list(range(1, len(ranks) + 1))
    best = [max(v for n, v in zip(names, values, strict=True) if groups[n] == g) for g in ranks]
    assert best == sorted(best, reverse=True)
    assert all((groups[n] is None) == math.isnan(v) for n, v in zip(names, values, strict=True))


def test_malformed_input() -> None:
    with pytest.raises(DataError, match="all different"):
        rank_groups("aa", [1, 2], matrix(2))
    with pytest.raises(DataError, match="fit together"):
        rank_groups("ab", [1], matrix(2))
    with pytest.raises(DataError, match="matrix of p-values"):
        rank_groups("ab", [1, 2], matrix(3))
    with pytest.raises(DataError, match="p_values"):
        rank_groups("ab", [1, 2], matrix(2, ab=math.nan))
