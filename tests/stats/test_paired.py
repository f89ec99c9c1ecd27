from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from aqa_bench.core.errors import DataError
from aqa_bench.stats.bootstrap import bootstrap, bootstrap_distribution
from aqa_bench.stats.paired import p_value, paired_difference

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
    got = paired_difference("mae", y, a[:, None], b[:, None], n_resamples=4000, rng_seed=3)
    losses = np.abs(y - a) - np.abs(y - b)
    reference = stats.bootstrap((losses,), np.mean, n_resamples=4000, method="BCa", rng=rng)
    low, high = reference.confidence_interval
    assert got.value == pytest.approx(losses.mean())
    # Quantiles of t with 49 degrees of freedom reach 2.5% farther than the normal's.
    assert (got.low, got.high) == pytest.approx((low, high), abs=0.05 * (high - low))


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
    assert apart.p == pytest.approx(1 / 200)


def test_p_value_is_that_of_flipped_groups() -> None:
    y, a, b = example(gap=0.05)
    groups = np.arange(120) // 10
    got = paired_difference("f1", y, a, b, groups=groups, n_resamples=2048, rng_seed=8)
    # F1 of two columns of two seeds: written down from the counts, all flips of twelve groups taken once.
    parts, masses, values = [], [], []
    for side in (a, b):
        total = side.sum(0) + y.sum()
        f1 = 2 * (side * y[:, None]).sum(0) / total
        mass = (side + y[:, None]) / total
        parts.append((2 * side * y[:, None] / total - f1 * mass).mean(1))
        masses.append(mass.mean(1))
        values.append(f1.mean())
    d = values[0] - values[1]
    each = np.bincount(groups, parts[0] - parts[1] + d * (masses[0] + masses[1]) / 2)
    flips = np.array(list(itertools.product([1, -1], repeat=12)))
    assert got.p == pytest.approx((np.abs(flips @ each) >= abs(d) - 1e-9).mean())
    assert 0.01 < got.p < 0.9


def test_p_value_counts_the_smaller_tail() -> None:
    differences = np.array([-1.0, 0.0, 1, 2, 3, np.nan])
    assert p_value(1.0, differences) == pytest.approx(2 * 3 / 6)
    assert p_value(1.0, differences + 5) == pytest.approx(2 / 6)


def test_seeds_count_where_they_are_drawn() -> None:
    y, a, b = example(gap=0.15)
    a[:, 1] = np.where(np.arange(120) % 3 == 0, 1 - a[:, 1], a[:, 1])
    p = [paired_difference("accuracy", y, a, b, over=over, n_resamples=2000).p for over in ("groups", "both")]
    assert p[0] < p[1]


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
    with pytest.raises(DataError, match="2 tested by only one, the first in row 7"):
        paired_difference("f1", y, a, b)
    with pytest.raises(DataError, match="different numbers of samples"):
        paired_difference("f1", y, a, b[:-1])
