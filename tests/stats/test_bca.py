from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from aqa_bench.core.errors import UsageError
from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.bootstrap import bootstrap, bootstrap_distribution, percentile_bounds
from aqa_bench.stats.evidence import evidence


def test_of_many_groups_it_is_the_bca_interval_of_scipy() -> None:
    rng = np.random.default_rng(0)
    losses = rng.exponential(size=400)
    drawn = losses[rng.integers(0, 400, size=(20_000, 400))].mean(1)
    got = bca_bounds(losses.mean(), drawn, (losses - losses.mean()) / 400, 0.95)
    reference = stats.bootstrap(
        (losses,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    width = reference.high - reference.low
    assert got == pytest.approx((reference.low, reference.high), abs=0.03 * width)


def test_few_groups_reach_to_the_quantiles_of_t() -> None:
    # Symmetric and unbiased: the bounds are quantiles of the resamples at the t of five degrees of freedom.
    drawn = np.linspace(-4, 4, 10_001)
    low, high = bca_bounds(0.0, drawn, np.array([1.0, -1, 1, -1, 1, -1]), 0.95)
    share = stats.norm.cdf(stats.t.ppf(0.025, 5))
    assert (low, high) == pytest.approx(np.quantile(drawn, [share, 1 - share]))
    plain = percentile_bounds(0.0, drawn, 0.95)
    assert low < plain[0] < plain[1] < high


def test_it_is_nearly_the_percentile_interval_where_groups_are_many() -> None:
    rng = np.random.default_rng(2)
    y = (rng.random(400) < 0.4) * 1.0
    decided = np.where(rng.random(400) < 0.75, y, 1 - y)[:, None]
    groups = np.arange(400) // 2
    row = evidence("f1", y, decided, groups=groups)
    drawn = bootstrap_distribution("f1", y, decided, groups=groups, n_resamples=4000)
    before = bootstrap("f1", y, decided, groups=groups, n_resamples=4000)
    got = bca_bounds(row.value, drawn, row.influence, 0.95)
    assert got == pytest.approx((before.low, before.high), abs=0.06 * (before.high - before.low))


def test_a_skewed_metric_reaches_farther_from_its_bound() -> None:
    rng = np.random.default_rng(3)
    drawn = 1 - rng.gamma(2, 0.03, size=5000)
    value = float(np.median(drawn))
    influence = np.array([0.02] * 14 + [-0.28])
    low, high = bca_bounds(value, drawn, influence, 0.95)
    even = bca_bounds(value, drawn, np.array([0.02, -0.02] * 7 + [0]), 0.95)
    assert low < even[0]
    assert high < even[1]


def test_nothing_to_say() -> None:
    drawn = np.array([0.5, np.nan, 0.7])
    assert np.isnan(bca_bounds(np.nan, drawn, np.array([0.1, -0.1]), 0.95)).all()
    assert np.isnan(bca_bounds(0.6, np.full(3, np.nan), np.array([0.1, -0.1]), 0.95)).all()
    assert np.isnan(bca_bounds(0.6, drawn, np.zeros(1), 0.95)).all()
    assert bca_bounds(1.0, np.ones(9), np.zeros(5), 0.95) == (1.0, 1.0)
    assert bca_bounds(0.6, drawn, np.array([0.1, -0.1]), 0.95) == pytest.approx((0.5, 0.7))
    with pytest.raises(UsageError, match="level"):
        bca_bounds(0.6, drawn, np.array([0.1, -0.1]), 1.0)
