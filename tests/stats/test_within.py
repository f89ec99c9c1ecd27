from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from aqa_bench.core.errors import DataError
from aqa_bench.stats.bootstrap import bootstrap
from aqa_bench.stats.metrics import spearman
from aqa_bench.stats.within import MIN_STRATUM, spearman_within, spearman_within_interval


def by_scipy(y: np.ndarray, scores: np.ndarray, strata: np.ndarray) -> float:
    tested = ~np.isnan(scores)
    parts = [np.flatnonzero((strata == name) & tested) for name in set(strata.tolist())]
    parts = [p for p in parts if len(p) >= MIN_STRATUM and np.ptp(y[p]) and np.ptp(scores[p])]
    if not parts:
        return float("nan")
    rho = [spearmanr(y[p], scores[p]).statistic for p in parts]
    return float(np.average(rho, weights=[len(p) for p in parts]))


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 40), st.integers(1, 4), st.sampled_from([2, 5, 1000]), st.integers(0, 2**32 - 1))
def test_it_is_the_mean_of_the_strata_by_size(n: int, k: int, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, strata = rng.integers(0, levels, n).astype(float), rng.integers(0, k, n)
    values = rng.integers(0, levels, (n, 3)).astype(float)
    values[rng.random((n, 3)) < 0.2] = np.nan
    expected = [by_scipy(y, column, strata) for column in values.T]
    np.testing.assert_allclose(spearman_within(y, values, strata)[0], expected, atol=1e-12)


def test_what_the_strata_tell_counts_for_nothing() -> None:
    strata = np.repeat([1.5, 3.0], 6)
    y = np.concatenate([np.arange(6.0), 100 + np.arange(6.0)])
    by_stratum = np.where(strata > 2, 50.0, 0.0)
    assert spearman(y, by_stratum) > 0.8
    assert np.isnan(spearman_within(y, by_stratum[:, None], strata)).all()
    reversed_within = by_stratum - y % 100
    assert spearman(y, reversed_within) > 0.4
    assert spearman_within(y, reversed_within[:, None], strata).item() == pytest.approx(-1)


def test_small_strata_are_left_out() -> None:
    strata = np.array(["large"] * 5 + ["small"] * 4)
    y, scores = np.arange(9.0), np.array([0.0, 1, 2, 3, 4, 8, 7, 6, 5])
    assert spearman_within(y, scores[:, None], strata).item() == pytest.approx(1)
    assert np.isnan(spearman_within(y[5:], scores[5:, None], strata[5:])).all()


def test_weights_are_repetitions() -> None:
    rng = np.random.default_rng(4)
    y, scores, strata = rng.normal(size=60), rng.normal(size=60), np.repeat([0, 1, 2], 20)
    weights = rng.integers(1, 4, (5, 60))
    again = [by_scipy(np.repeat(y, w), np.repeat(scores, w), np.repeat(strata, w)) for w in weights]
    np.testing.assert_allclose(spearman_within(y, scores[:, None], strata, weights)[:, 0], again, atol=1e-12)


def test_in_a_single_stratum_it_is_spearman_with_its_interval() -> None:
    rng = np.random.default_rng(5)
    y, groups = rng.normal(size=40), np.arange(40) // 2
    values = y[:, None] + rng.normal(size=(40, 2))
    found = spearman_within_interval(y, values, ["all"] * 40, groups=groups, n_resamples=300, rng_seed=7)
    plain = bootstrap("spearman", y, values, groups=groups, n_resamples=300, rng_seed=7)
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_lengths_have_to_fit() -> None:
    with pytest.raises(DataError, match="differ in length"):
        spearman_within([1.0, 2.0], [[1.0], [2.0]], ["a"])
