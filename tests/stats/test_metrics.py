from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.stats import metrics
from aqa_bench.stats.confusion import DECISION_METRICS, from_counts
from aqa_bench.stats.metrics import METRICS, MetricKind, compute

SKLEARN: dict[str, Callable[..., float]] = {
    "f1": lambda y, d: sk.f1_score(y, d, zero_division=np.nan),
    "f1_good": lambda y, d: sk.f1_score(y, d, pos_label=0, zero_division=np.nan),
    "accuracy": sk.accuracy_score,
    "mcc": sk.matthews_corrcoef,
    "precision": lambda y, d: sk.precision_score(y, d, zero_division=np.nan),
    "recall": lambda y, d: sk.recall_score(y, d, zero_division=np.nan),
}


def reference(metric_id: str, y: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """The metric by sklearn or scipy, NaN where ours is documented as undefined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one_class = y.min() == y.max()
        if metric_id == "balanced_accuracy":
            return math.nan if one_class else sk.balanced_accuracy_score(y, values)
        if metric_id == "auroc":
            return math.nan if one_class else sk.roc_auc_score(y, values)
        if metric_id == "ap":
            return sk.average_precision_score(y, values) if y.any() else math.nan
        if metric_id == "spearman":
            return stats.spearmanr(y, values).statistic
        if metric_id == "mae":
            return sk.mean_absolute_error(y, values)
        return SKLEARN[metric_id](y, values)


@pytest.mark.parametrize("metric_id", DECISION_METRICS)
def test_every_small_confusion_table_matches_sklearn(metric_id: str) -> None:
    # All tables with up to 2 in a cell: every undefined case occurs.
    for tp, fp, fn, tn in np.ndindex(3, 3, 3, 3):
        if tp + fp + fn + tn == 0:
            continue
        y = np.repeat([1.0, 0.0, 1.0, 0.0], [tp, fp, fn, tn])
        decisions = np.repeat([1.0, 1.0, 0.0, 0.0], [tp, fp, fn, tn])
        got = compute(metric_id, y, decisions)
        np.testing.assert_allclose(
            got, reference(metric_id, y, decisions), atol=1e-15, err_msg=str((tp, fp, fn, tn))
        )
        assert got == getattr(metrics, metric_id)(y, decisions) or math.isnan(got)


@pytest.mark.parametrize("metric_id", ["ap", "auroc", "spearman", "mae"])
@pytest.mark.parametrize("levels", [1, 2, 5, 10**9])
def test_scores_with_and_without_ties_match_sklearn_and_scipy(metric_id: str, levels: int) -> None:
    rng = np.random.default_rng(levels)
    for n in (1, 2, 3, 10, 57):
        for prevalence in (0.0, 0.15, 0.5, 1.0):
            y = (rng.random(n) < prevalence).astype(float)
            if METRICS[metric_id].kind is MetricKind.REGRESSION:
                y = rng.integers(0, levels, n) / 3.0
            scores = rng.integers(0, levels, n) / levels
            expected = math.nan if (metric_id, n) == ("spearman", 1) else reference(metric_id, y, scores)
            np.testing.assert_allclose(compute(metric_id, y, scores), expected, atol=1e-12)


def test_r_l2_is_the_squared_error_relative_to_the_train_range() -> None:
    assert metrics.r_l2([10.0, 40.0], [20.0, 40.0], 0.0, 100.0) == pytest.approx(100 * (0.1**2) / 2)
    assert compute("r_l2", [0.0], [50.0], train_range=(0.0, 100.0)) == pytest.approx(25.0)
    # The train range counts, not that of the targets tested.
    assert compute("r_l2", [0.0], [50.0], train_range=(-100.0, 100.0)) == pytest.approx(6.25)


@pytest.mark.parametrize("bad", [None, (1.0, 1.0), (2.0, 1.0), (0.0, math.inf), (math.nan, 1.0)])
def test_r_l2_needs_a_range(bad: tuple[float, float] | None) -> None:
    with pytest.raises(DataError, match="train_range"):
        compute("r_l2", [1.0, 2.0], [1.0, 2.0], train_range=bad)


@pytest.mark.parametrize(
    ("metric_id", "y", "values"),
    [
        ("f1", [0, 0], [0, 0]),
        ("f1_good", [1, 1], [1, 1]),
        ("balanced_accuracy", [1, 1], [1, 0]),
        ("precision", [1, 0], [0, 0]),
        ("recall", [0, 0], [1, 0]),
        ("ap", [0, 0], [0.1, 0.2]),
        ("auroc", [0, 0], [0.1, 0.2]),
        ("auroc", [1], [0.2]),
        ("spearman", [1.0, 2.0], [3.0, 3.0]),
        ("spearman", [2.0, 2.0], [3.0, 4.0]),
        ("spearman", [2.0], [3.0]),
    ],
)
def test_undefined_is_nan_and_never_zero(metric_id: str, y: list[float], values: list[float]) -> None:
    assert math.isnan(compute(metric_id, y, values))


def test_documented_values_at_the_edge() -> None:
    assert compute("f1", [1, 1], [0, 0]) == 0.0
    assert compute("mcc", [1, 1], [0, 1]) == 0.0
    assert compute("ap", [1, 1], [0.3, 0.2]) == 1.0
    assert np.isnan(from_counts("mcc", 0, 0, 0, 0))


def test_not_finite_input_is_counted_and_located() -> None:
    with pytest.raises(DataError, match=r"2 of 4, the first at index 1"):
        compute("auroc", [0, 1, 0, 1], [0.5, np.nan, np.inf, 0.1])


@pytest.mark.parametrize(
    ("metric_id", "y", "values", "message"),
    [
        ("f1", [], [], "empty"),
        ("f1", [0, 1], [0, 1, 1], "differ in length"),
        ("f1", [0, 1], [0, 0.7], r"1 of 2, the first is 0.7 at index 1"),
        ("f1", [0, 2], [0, 1], "other than 0 and 1"),
        ("ap", [0, -1], [0, 1], "other than 0 and 1"),
        ("mae", [[1.0, 2.0]], [1.0, 2.0], "number of axes"),
        ("mae", ["1", "2"], [1.0, 2.0], "not numeric"),
        ("mae", [None, 2.0], [1.0, 2.0], "not numeric"),
        ("mae", [[1.0], [2.0, 3.0]], [1.0, 2.0], "ragged"),
    ],
)
def test_malformed_input_is_a_data_error(metric_id: str, y: object, values: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        compute(metric_id, y, values)  # type: ignore[arg-type]


def test_unknown_metric_suggests_the_closest() -> None:
    with pytest.raises(UsageError, match="did you mean 'accuracy'"):
        compute("acuracy", [0, 1], [0, 1])
    with pytest.raises(UsageError, match="unknown decision metric"):
        from_counts("auroc", 1, 1, 1, 1)


def test_registry_is_consistent() -> None:
    assert list(METRICS) == [
        *DECISION_METRICS,
        *("ap", "auroc", "spearman", "r_l2", "mae"),
    ]
    assert all(key == metric.id and metric.low < metric.high for key, metric in METRICS.items())
    assert {key for key, metric in METRICS.items() if metric.kind is MetricKind.DECISION} == set(
        DECISION_METRICS
    )
    assert [key for key, metric in METRICS.items() if not metric.higher_is_better] == ["r_l2", "mae"]


labelled = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(labelled, st.randoms())
def test_metrics_ignore_order_and_ranks_ignore_scale(data: list[tuple[bool, int]], random: object) -> None:
    y = np.array([float(a) for a, _ in data])
    scores = np.array([b / 8 for _, b in data])
    random.shuffle(order := list(range(len(data))))  # type: ignore[attr-defined]
    for metric_id, metric in METRICS.items():
        values = (scores >= 0.5).astype(float) if metric.kind is MetricKind.DECISION else scores
        value = compute(metric_id, y, values, train_range=(0, 1))
        np.testing.assert_allclose(
            compute(metric_id, y[order], values[order], train_range=(0, 1)), value, atol=1e-12
        )
        assert math.isnan(value) or metric.low <= value <= metric.high
        if metric_id in ("ap", "auroc", "spearman"):
            np.testing.assert_allclose(compute(metric_id, y, np.exp(3 * scores) - 7), value, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(labelled)
def test_auroc_of_the_opposite_scores_is_the_complement(data: list[tuple[bool, int]]) -> None:
    y, scores = (np.array(column, dtype=float) for column in zip(*data, strict=True))
    np.testing.assert_allclose(compute("auroc", y, -scores), 1 - compute("auroc", y, scores), atol=1e-12)
