from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.stats import bootstrap as module
from aqa_bench.stats.bootstrap import (
    Over,
    bootstrap,
    bootstrap_distribution,
    group_weights,
    percentile_bounds,
    point_value,
)
from aqa_bench.stats.metrics import compute

Array = NDArray[np.float64]


def example(n: int = 60, k: int = 3, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4) * 1.0
    return y, ((rng.random((n, k)) < np.where(y == 1, 0.8, 0.3)[:, None]) * 1.0)


def test_groups_are_drawn_whole_and_as_many_as_there_are() -> None:
    groups = np.array(["b", "a", "b", "c", "a", "b"])
    weights = group_weights(groups, 500, np.random.default_rng(0))
    assert weights.shape == (500, 6)
    firsts = [int(np.flatnonzero(groups == name)[0]) for name in "abc"]
    assert (weights[:, firsts].sum(axis=1) == 3).all()
    for i, name in enumerate(groups):
        np.testing.assert_array_equal(weights[:, i], weights[:, int(np.flatnonzero(groups == name)[0])])


def test_draws_are_multinomial() -> None:
    weights = group_weights(np.arange(20), 20_000, np.random.default_rng(1))
    counts = np.bincount(weights[:, 3].astype(int), minlength=6)[:6]
    expected = 20_000 * stats.binom(20, 1 / 20).pmf(np.arange(6))
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-3


def test_draws_follow_the_labels_not_the_order_and_split_into_parts() -> None:
    groups = np.array([3, 1, 2, 1, 3, 9])
    order = np.array([5, 0, 2, 4, 1, 3])
    weights = group_weights(groups, 40, np.random.default_rng(4))
    np.testing.assert_array_equal(
        group_weights(groups[order], 40, np.random.default_rng(4)), weights[:, order]
    )
    rng = np.random.default_rng(4)
    parts = [group_weights(groups, size, rng) for size in (7, 32, 1)]
    np.testing.assert_array_equal(np.concatenate(parts), weights)


def test_strings_in_any_container_are_the_same_groups() -> None:
    names = ["x", "yy", "x", "z"]
    expected = group_weights(names, 9, np.random.default_rng(0))
    got = group_weights(np.array(names, dtype=object), 9, np.random.default_rng(0))
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("groups", [[], [0.5, 1.0], [["a"], ["b"]], np.array(["a", None], dtype=object)])
def test_malformed_groups_are_a_data_error(groups: list[str]) -> None:
    with pytest.raises(DataError, match="groups"):
        group_weights(groups, 3, np.random.default_rng(0))


def test_point_value_is_the_mean_over_seeds_of_the_mean_over_their_columns() -> None:
    y, values = example(k=3)
    per_column = [compute("f1", y, column) for column in values.T]
    expected = ((per_column[0] + per_column[2]) / 2 + per_column[1]) / 2
    assert point_value("f1", y, values, column_seeds=[5, 7, 5]) == pytest.approx(expected, abs=1e-15)
    assert bootstrap("f1", y, values, column_seeds=[5, 7, 5], n_resamples=3).value == pytest.approx(expected)
    assert point_value("f1", y, values) == pytest.approx(np.mean(per_column))


def test_group_bootstrap_of_a_mean_matches_scipy() -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(size=80)
    scores = y + rng.normal(size=80)
    got = bootstrap("mae", y, scores[:, None], n_resamples=20_000)
    reference = stats.bootstrap(
        (np.abs(y - scores),), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(9)
    ).confidence_interval
    assert (got.low, got.high) == pytest.approx((reference.low, reference.high), abs=0.01)


def test_whole_groups_carry_the_uncertainty_of_groups() -> None:
    # Every group is one sample repeated 10 times: the interval is that of the 30 distinct samples.
    y, values = example(n=30, k=1)
    once = bootstrap("accuracy", y, values, n_resamples=2000)
    repeated = bootstrap(
        "accuracy",
        np.repeat(y, 10),
        np.repeat(values, 10, axis=0),
        groups=np.repeat(np.arange(30), 10),
        n_resamples=2000,
    )
    blind = bootstrap("accuracy", np.repeat(y, 10), np.repeat(values, 10, axis=0), n_resamples=2000)
    assert repeated == once
    assert (once.high - once.low) / (blind.high - blind.low) == pytest.approx(math.sqrt(10), rel=0.15)


def test_seed_bootstrap_has_the_variance_of_a_mean_of_seeds() -> None:
    y, values = example(n=50, k=6)
    column = np.array([compute("accuracy", y, v) for v in values.T])
    d = bootstrap_distribution("accuracy", y, values, over="seeds", n_resamples=40_000)
    assert d.mean() == pytest.approx(column.mean(), abs=1e-3)
    assert d.var() == pytest.approx(column.var() / 6, rel=0.05)


def variances(values: Array) -> dict[str, float]:
    return {
        over: float(
            bootstrap_distribution("mae", np.zeros(len(values)), values, over=over, n_resamples=20_000).var()
        )
        for over in ("groups", "seeds", "both")
    }


def test_both_adds_the_variances_of_samples_and_seeds() -> None:
    rng = np.random.default_rng(0)
    v = variances(rng.random((200, 1)) + 0.05 * rng.random((1, 4)))
    assert v["both"] == pytest.approx(v["groups"] + v["seeds"], rel=0.05)


def test_both_is_conservative_about_noise_of_single_pairs() -> None:
    # Owen (2007): three times the variance at most, reached without any effect of sample or seed.
    v = variances(np.random.default_rng(0).random((200, 40)))
    assert v["both"] == pytest.approx(3 * (1 / 12) / (200 * 40), rel=0.2)


def test_repeats_of_a_seed_are_drawn_together() -> None:
    y, values = example(k=2)
    d = bootstrap_distribution("f1", y, values, column_seeds=[1, 1], over="seeds", n_resamples=50)
    assert (d == d[0]).all()
    assert d[0] == pytest.approx(point_value("f1", y, values))


def test_a_single_seed_makes_both_the_group_bootstrap() -> None:
    y, values = example(k=1)
    groups = np.arange(60) // 4
    np.testing.assert_array_equal(
        bootstrap_distribution("f1", y, values, groups=groups, over="both", n_resamples=200),
        bootstrap_distribution("f1", y, values, groups=groups, over="groups", n_resamples=200),
    )


@pytest.mark.parametrize("over", ["groups", "both"])
def test_the_same_seed_draws_the_same_groups_for_other_values(over: Over) -> None:
    # A metric of the negated decisions is a function of the same weights: accuracy becomes its complement.
    y, values = example(k=1)
    options = {"groups": np.arange(60) // 3, "over": over, "n_resamples": 300, "rng_seed": 5}
    a = bootstrap_distribution("accuracy", y, values, **options, seed_stream=0)  # type: ignore[arg-type]
    b = bootstrap_distribution("accuracy", y, 1 - values, **options, seed_stream=1)  # type: ignore[arg-type]
    np.testing.assert_allclose(a, 1 - b, atol=1e-12)
    c = bootstrap_distribution("accuracy", y, values, **(options | {"rng_seed": 6}))  # type: ignore[arg-type]
    assert (a != c).any()


def test_chunks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    y, values = example()
    whole = bootstrap_distribution("f1", y, values, n_resamples=101)
    monkeypatch.setattr(module, "_CHUNK", 60 * 7)
    np.testing.assert_array_equal(bootstrap_distribution("f1", y, values, n_resamples=101), whole)


def test_untested_samples_take_no_place_in_the_draws() -> None:
    y, values = example(n=40)
    padded = np.full((90, 3), np.nan)
    rows = np.random.default_rng(0).permutation(90)[:40]
    rows.sort()
    padded[rows] = values
    y_padded = np.zeros(90)
    y_padded[rows] = y
    for groups, padded_groups in ((None, None), (rows // 5, np.arange(90) // 5)):
        assert bootstrap("f1", y_padded, padded, groups=padded_groups, n_resamples=99) == bootstrap(
            "f1", y, values, groups=groups, n_resamples=99
        )


def test_undefined_resamples_are_dropped_and_counted() -> None:
    y = np.array([1.0, 0, 0, 0, 0])
    scores = np.array([[0.9], [0.1], [0.2], [0.95], [0.3]])
    interval = bootstrap("auroc", y, scores, n_resamples=4000)
    missed = (4 / 5) ** 5 + (1 / 5) ** 5
    assert interval.undefined / 4000 == pytest.approx(missed, abs=0.03)
    assert interval.value == 0.75
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


@pytest.mark.parametrize("over", ["groups", "both"])
def test_a_single_group_gives_no_interval(over: Over) -> None:
    y, decisions = example()
    table = np.vstack([decisions, np.full((1, 3), np.nan)])
    groups = ["p01"] * len(y) + ["untested"]
    found = bootstrap("f1", [*y, 1.0], table, groups=groups, over=over, n_resamples=50)
    assert math.isfinite(found.value)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_undefined_value_has_nan_bounds() -> None:
    interval = bootstrap("auroc", [1, 1], [[0.5], [0.6]], n_resamples=10)
    assert np.isnan([interval.value, interval.low, interval.high]).all()
    assert interval.undefined == 10
    nothing = bootstrap("auroc", [1, 0], [[np.nan], [np.nan]], n_resamples=10)
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_undefined_columns_are_left_out_of_the_mean() -> None:
    y = np.arange(6.0)
    good = np.array([0.0, 2, 1, 3, 5, 4])
    values = np.column_stack([good, np.ones(6)])
    expected = compute("spearman", y, good)
    assert point_value("spearman", y, values) == pytest.approx(expected)
    assert point_value("spearman", y, values, column_seeds=[1, 1]) == pytest.approx(expected)
    d = bootstrap_distribution("spearman", y, values, over="seeds", n_resamples=4000)
    # Undefined only where the seed with the constant column was drawn twice.
    assert np.isnan(d).mean() == pytest.approx(0.25, abs=0.03)
    np.testing.assert_allclose(d[~np.isnan(d)], expected)


def test_bounds_are_quantiles_of_the_defined_resamples() -> None:
    d = np.append(np.arange(101.0), np.nan)
    assert percentile_bounds(50.0, d, 0.9) == pytest.approx((5.0, 95.0))
    assert np.isnan(percentile_bounds(math.nan, d, 0.9)).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_level_must_be_a_probability(level: float) -> None:
    with pytest.raises(UsageError, match="level"):
        bootstrap("f1", [0, 1], [[0], [1]], n_resamples=2, level=level)


def test_bad_requests() -> None:
    y, values = example()
    with pytest.raises(UsageError, match="did you mean 'groups'"):
        bootstrap("f1", y, values, over="group")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="too few resamples"):
        bootstrap("f1", y, values, n_resamples=0)
    with pytest.raises(DataError, match="differ in length"):
        bootstrap("f1", y, values, groups=[1, 2])
    with pytest.raises(DataError, match="column_seeds"):
        bootstrap("f1", y, values, column_seeds=[1])
    with pytest.raises(DataError, match=r"values\[:, None\]"):
        bootstrap("f1", y, values[:, 0])
