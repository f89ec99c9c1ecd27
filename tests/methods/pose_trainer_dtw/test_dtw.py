from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aqa_bench.core.errors import DataError
from aqa_bench.methods.pose_trainer_dtw.dtw import dtw_distance, dtw_distances

VALUES = st.floats(-100, 100, width=32)
SERIES = st.integers(1, 12).flatmap(lambda n: arrays(np.float64, n, elements=VALUES))
PLANAR = st.integers(1, 8).flatmap(lambda n: arrays(np.float64, (n, 3), elements=VALUES))


def reference(first: np.ndarray, second: np.ndarray) -> float:
    """The textbook recurrence, cell by cell."""
    total: dict[tuple[int, int], float] = {(-1, -1): 0.0}
    for i, x in enumerate(first):
        for j, y in enumerate(second):
            before = ((i - 1, j), (i, j - 1), (i - 1, j - 1))
            total[i, j] = float(np.sum((x - y) ** 2)) + min(total.get(cell, math.inf) for cell in before)
    return math.sqrt(total[len(first) - 1, len(second) - 1])


def every_path(first: np.ndarray, second: np.ndarray, i: int = 0, j: int = 0) -> float:
    """Cheapest of all paths, by trying each."""
    cost = float((first[i] - second[j]) ** 2)
    steps = [(i + 1, j), (i, j + 1), (i + 1, j + 1)]
    following = [every_path(first, second, a, b) for a, b in steps if a < len(first) and b < len(second)]
    return cost + min(following, default=0.0)


@settings(max_examples=40, deadline=None)
@given(SERIES, SERIES)
def test_agrees_with_the_recurrence(first: np.ndarray, second: np.ndarray) -> None:
    assert dtw_distance(first, second) == pytest.approx(reference(first, second), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(PLANAR, PLANAR)
def test_agrees_with_the_recurrence_on_several_channels(first: np.ndarray, second: np.ndarray) -> None:
    assert dtw_distance(first, second) == pytest.approx(reference(first, second), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, 4, elements=VALUES), arrays(np.float64, 5, elements=VALUES))
def test_no_path_is_cheaper(first: np.ndarray, second: np.ndarray) -> None:
    assert dtw_distance(first, second) ** 2 == pytest.approx(every_path(first, second), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(SERIES, st.lists(SERIES, max_size=5))
def test_many_at_once_are_the_same_as_one_by_one(query: np.ndarray, others: list[np.ndarray]) -> None:
    together = dtw_distances(query, others)
    assert together.shape == (len(others),)
    np.testing.assert_array_equal(together, [dtw_distance(query, other) for other in others])


@settings(max_examples=40, deadline=None)
@given(SERIES, SERIES)
def test_is_symmetric_and_zero_on_itself(first: np.ndarray, second: np.ndarray) -> None:
    assert dtw_distance(first, second) == pytest.approx(dtw_distance(second, first), rel=1e-12)
    assert dtw_distance(first, first) == 0


@settings(max_examples=40, deadline=None)
@given(SERIES, st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_dwelling_costs_nothing(series: np.ndarray, repeats: list[int]) -> None:
    assert dtw_distance(series, np.repeat(series, repeats[: len(series)])) == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10).flatmap(lambda n: arrays(np.float64, (2, n), elements=VALUES)))
def test_warping_never_costs_more_than_not_warping(pair: np.ndarray) -> None:
    assert dtw_distance(*pair) <= np.linalg.norm(pair[0] - pair[1]) * (1 + 1e-12)


@settings(max_examples=40, deadline=None)
@given(SERIES, SERIES)
def test_reversing_both_changes_nothing(first: np.ndarray, second: np.ndarray) -> None:
    assert dtw_distance(first[::-1], second[::-1]) == pytest.approx(dtw_distance(first, second), rel=1e-9)


def test_empty_series_and_other_channels_are_errors() -> None:
    with pytest.raises(DataError, match="warped"):
        dtw_distance(np.empty(0), np.ones(3))
    with pytest.raises(DataError, match="channels"):
        dtw_distance(np.ones((4, 2)), np.ones((4, 3)))
