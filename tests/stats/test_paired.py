from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.bootstrap import bootstrap, bootstrap_distribution
from aqa_bench.stats.paired import paired_difference

Array = NDArray[np.float64]


def example(n: int = 120, gap: float = 0.1) -> tuple[Array, Array, Array]:
    """Labels and two methods that err on mostly the same samples, two seeds each."""
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.4) * 1.0
    luck = rng.random((n, 1)) + 0.05 * rng.normal(size=(n, 4))
    a = np.where(luck[:, :2] < 0.8, y[:, None], 1 - y[:, None])
    b = np.where(luck[:, 2:] < 0.8 - gap, y[:, None], 1 - y[:, None])
    return y, a, b


def test_value_is_the_difference_of_the_values() -> None:
    y, a, b = example()
    got = paired_difference("f1", y, a, b, n_resamples=500)
    values = [bootstrap("f1", y, side, n_resamples=2).value for side in (a, b)]
    assert got.value == pytest.approx(values[0] - values[1])
    assert got.low < got.value < got.high


def test_sharing_the_draws_narrows_the_interval() -> None:
    y, a, b = example()
    got = paired_difference("accuracy", y, a, b, n_resamples=4000)
    independent = bootstrap_distribution(
        "accuracy", y, a, n_resamples=4000, rng_seed=0
    ) - bootstrap_distribution("accuracy", y, b, n_resamples=4000, rng_seed=1)
    low, high = np.quantile(independent, [0.025, 0.975])
    assert got.high - got.low < 0.7 * (high - low)


def test_of_a_mean_it_is_the_bootstrap_of_the_paired_differences() -> None:
    rng = np.random.default_rng(1)
    y, a, b = rng.normal(size=(3, 50))
    got = paired_difference("mae", y, a[:, None], b[:, None], n_resamples=800, rng_seed=3)
    losses = np.abs(y - a) - np.abs(y - b)
    # The mean of the paired losses as "MAE" of a target that lies below all of them.
    shifted = bootstrap("mae", np.full(50, -10.0), losses[:, None], n_resamples=800, rng_seed=3)
    assert (got.value, got.low, got.high) == pytest.approx(
        (shifted.value - 10, shifted.low - 10, shifted.high - 10)
    )


def test_swapping_the_methods_mirrors_the_result() -> None:
    y, a, b = example(gap=0.03)
    forward = paired_difference("f1", y, a, b, n_resamples=999)
    backward = paired_difference("f1", y, b, a, n_resamples=999)
    assert (backward.value, backward.low, backward.high) == pytest.approx(
        (-forward.value, -forward.high, -forward.low)
    )
    assert backward.p == forward.p


def test_p_value_of_equal_and_of_far_apart_methods() -> None:
    y, a, _ = example()
    same = paired_difference("f1", y, a, a, n_resamples=200)
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    apart = paired_difference("accuracy", y, y[:, None], 1 - y[:, None], n_resamples=199)
    assert apart.p == pytest.approx(2 / 200)


def test_p_value_counts_the_smaller_tail() -> None:
    y, a, b = example(gap=0.05)
    got = paired_difference("f1", y, a, b, groups=np.arange(120) // 2, n_resamples=300, rng_seed=8)
    d = np.subtract(
        *(
            bootstrap_distribution("f1", y, v, groups=np.arange(120) // 2, n_resamples=300, rng_seed=8)
            for v in (a, b)
        )
    )
    assert got.p == pytest.approx(2 * (1 + min((d <= 0).sum(), (d >= 0).sum())) / 301)


def test_seeds_are_drawn_independently() -> None:
    y, a, _ = example()
    got = paired_difference("f1", y, a, a, over="seeds", n_resamples=200)
    assert got.value == 0
    assert got.low < 0 < got.high
    assert got.p > 0.5


def test_undefined_sides() -> None:
    got = paired_difference("spearman", [1.0, 2, 3], [[1.0], [2], [3]], [[1.0], [1], [1]], n_resamples=20)
    assert np.isnan([got.value, got.low, got.high, got.p]).all()
    assert got.undefined == 20


def test_only_the_rows_need_to_agree() -> None:
    # Two folds of one method against one column of another: every row is tested by both.
    y = np.array([0.0, 1, 0, 1])
    folds = np.array([[0, np.nan], [1, np.nan], [np.nan, 1], [np.nan, 1]])
    assert not math.isnan(paired_difference("accuracy", y, folds, y[:, None], n_resamples=9).value)


def test_methods_tested_on_different_samples_are_not_compared() -> None:
    y, a, b = example()
    b[[7, 9]] = np.nan
    with pytest.raises(DataError, match="2 tested by one alone, the first in row 7"):
        paired_difference("f1", y, a, b)
    with pytest.raises(DataError, match="different numbers of samples"):
        paired_difference("f1", y, a, b[:-1])
