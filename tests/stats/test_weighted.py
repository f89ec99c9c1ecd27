from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.stats import weighted_ranks
from aqa_bench.stats.metrics import METRICS, MetricKind, compute
from aqa_bench.stats.weighted import weighted_metric

Array = NDArray[np.float64]
RANGE = (-1.0, 4.0)


def by_repetition(metric_id: str, y: Array, values: Array, weights: Array) -> Array:
    """The plain metric on samples repeated as often as their weight says."""
    result = np.full((len(weights), values.shape[1]), np.nan)
    for b, w in enumerate(weights.astype(int)):
        for k, column in enumerate(values.T):
            w_tested = np.where(np.isnan(column), 0, w)
            if w_tested.any():
                result[b, k] = compute(
                    metric_id, np.repeat(y, w_tested), np.repeat(column, w_tested), train_range=RANGE
                )
    return result


def data(
    metric_id: str, rng: np.random.Generator, n: int, k: int, levels: int, missing: float
) -> tuple[Array, Array]:
    kind = METRICS[metric_id].kind
    y = rng.integers(0, levels, n) / 2 if kind is MetricKind.REGRESSION else (rng.random(n) < 0.3) * 1.0
    values = rng.integers(0, 2 if kind is MetricKind.DECISION else levels, (n, k)).astype(float)
    values[rng.random((n, k)) < missing] = np.nan
    return y, values


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("levels", [1, 3, 10**9])
@pytest.mark.parametrize("metric_id", METRICS)
def test_weights_are_repetitions(metric_id: str, levels: int, missing: float) -> None:
    rng = np.random.default_rng(7)
    for n in (1, 2, 5, 23):
        y, values = data(metric_id, rng, n, 4, levels, missing)
        weights = rng.integers(0, 4, (9, n)).astype(float)
        weights[0] = 0
        weights[1] = 1
        weights[2] = 0
        weights[2, 0] = 3
        got = weighted_metric(metric_id, y, values, weights, train_range=RANGE)
        np.testing.assert_allclose(got, by_repetition(metric_id, y, values, weights), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("levels", [1, 3, 10**9])
@pytest.mark.parametrize("metric_id", METRICS)
def test_samples_that_count_once_have_the_plain_metric(metric_id: str, levels: int) -> None:
    rng = np.random.default_rng(3)
    for n in (1, 2, 5, 23):
        for y in (np.zeros(n), np.ones(n), data(metric_id, rng, n, 1, levels, 0.0)[0]):
            values = data(metric_id, rng, n, 4, levels, 0.0)[1]
            once = np.ones((1, n))
            got = weighted_metric(metric_id, y, values, once, train_range=RANGE)
            wanted = by_repetition(metric_id, y, values, once)
            np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(METRICS)),
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.2, 0.9]),
    st.integers(0, 2**32 - 1),
)
def test_weights_are_repetitions_on_small_inputs(
    metric_id: str, n: int, k: int, levels: int, missing: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    y, values = data(metric_id, rng, n, k, levels, missing)
    weights = rng.integers(0, 3, (5, n)).astype(float)
    got = weighted_metric(metric_id, y, values, weights, train_range=RANGE)
    np.testing.assert_allclose(got, by_repetition(metric_id, y, values, weights), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("metric_id", METRICS)
def test_fractional_weights_act_as_their_multiples(metric_id: str) -> None:
    rng = np.random.default_rng(3)
    y, values = data(metric_id, rng, 30, 3, 4, 0.1)
    weights = rng.integers(0, 4, (6, 30)).astype(float)
    whole = weighted_metric(metric_id, y, values, weights, train_range=RANGE)
    np.testing.assert_allclose(
        weighted_metric(metric_id, y, values, weights * 0.1, train_range=RANGE), whole, rtol=1e-9, atol=1e-9
    )


def test_constant_input_under_fractional_weights_stays_undefined() -> None:
    weights = np.random.default_rng(0).random((20, 50))
    values = np.full((50, 1), 0.3)
    assert np.isnan(weighted_metric("spearman", np.arange(50.0), values, weights)).all()


@pytest.mark.parametrize("metric_id", ["auroc", "ap", "spearman"])
def test_blocks_do_not_change_the_result(metric_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    y, values = data(metric_id, rng, 40, 3, 5, 0.2)
    weights = rng.integers(0, 3, (101, 40)).astype(float)
    whole = weighted_metric(metric_id, y, values, weights)
    monkeypatch.setattr(weighted_ranks, "_BLOCK", 1)
    np.testing.assert_array_equal(weighted_metric(metric_id, y, values, weights), whole)


def test_a_column_that_tested_nothing_is_nan() -> None:
    values = np.array([[math.nan, 1.0], [math.nan, 0.0]])
    for metric_id in METRICS:
        got = weighted_metric(metric_id, [1, 0], values, np.ones((2, 2)), train_range=RANGE)
        assert np.isnan(got[:, 0]).all()
        assert not np.isnan(got[:, 1]).any()


def test_inputs_are_not_changed() -> None:
    rng = np.random.default_rng(2)
    for metric_id in METRICS:
        y, values = data(metric_id, rng, 12, 2, 3, 0.2)
        weights = rng.integers(0, 3, (4, 12)).astype(float)
        before = y.copy(), values.copy(), weights.copy()
        weighted_metric(metric_id, y, values, weights, train_range=RANGE)
        for old, new in zip(before, (y, values, weights), strict=True):
            np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        ([0.0, 1.0], [[1.0, 1.0]], r"values\[:, None\]"),
        ([[0.0]], [[1.0, 1.0]], "differ in length"),
        ([[0.0], [1.0]], [[1.0]], "differ in length"),
        ([[0.0], [1.0]], [[1.0, -1.0]], "negative"),
        ([[0.0], [1.0]], [[1.0, np.nan]], "not finite"),
        ([[0.0], [np.inf]], [[1.0, 1.0]], r"first at index \(1, 0\)"),
        ([[0.0], [0.5]], [[1.0, 1.0]], "other than 0 and 1"),
    ],
)
def test_malformed_input_is_a_data_error(values: object, weights: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        weighted_metric("f1", [0, 1], values, weights)  # type: ignore[arg-type]


def test_unknown_metric_and_missing_range() -> None:
    with pytest.raises(UsageError, match="unknown metric"):
        weighted_metric("auc", [0, 1], [[0], [1]], [[1, 1]])
    with pytest.raises(DataError, match="train_range"):
        weighted_metric("r_l2", [0, 1], [[0], [1]], [[1, 1]])
