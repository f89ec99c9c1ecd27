"""Metrics of many resamples at once: a resample is a vector of sample weights.

A weight counts how often a sample was drawn, so every entry equals the plain metric on the repeated samples,
ties included. No resample is ever materialised: decisions become matrix products, orders become one sort a
column and running sums of weights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.checks import binary_array, choice, finite_array, score_range
from aqa_bench.stats.confusion import from_counts
from aqa_bench.stats.metrics import METRICS, MetricKind
from aqa_bench.stats.weighted_ranks import weighted_ap, weighted_auroc, weighted_spearman

__all__ = ["metric_of_weights", "weighted_metric"]

Array = NDArray[np.float64]


def weighted_metric(
    metric_id: str,
    y: ArrayLike,
    values: ArrayLike,
    weights: ArrayLike,
    *,
    train_range: tuple[float, float] | None = None,
) -> Array:
    """Evaluate a metric for every column of values under every vector of weights.

    Args:
        metric_id: A key of `aqa_bench.stats.metrics.METRICS`.
        y: Targets, ``(n,)``.
        values: 0/1 decisions for a decision metric, scores for any other, ``(n, K)``; NaN where the column
            did not test the sample.
        weights: How often each sample counts, nonnegative, ``(B, n)``.
        train_range: Smallest and greatest training target; needed by ``r_l2`` alone.

    Returns:
        Values of shape ``(B, K)``, float64. NaN where the metric is undefined on the weighted samples, by the
        rules of `aqa_bench.stats.metrics`, and where they have no weight at all.

    Raises:
        UsageError: If the metric is unknown.
        DataError: If an array is malformed, the shapes do not fit, a weight is negative, or ``r_l2`` lacks
            its range.

    Example:
        >>> weighted_metric("accuracy", [1, 0], [[1], [1]], [[1, 1], [3, 1]]).tolist()
        [[0.5], [0.75]]
    """
    of_weights = metric_of_weights(metric_id, y, values, train_range=train_range)
    w = finite_array("weights", weights, ndim=2)
    if w.shape[1] != np.shape(y)[0]:
        raise DataError(
            "targets and weights differ in length",
            expected=f"weights (B, {np.shape(y)[0]})",
            found=f"weights {w.shape}",
        )
    if w.min() < 0:
        raise DataError("a weight is negative", where="weights", expected="weights >= 0", found=w.min())
    return of_weights(w)


def metric_of_weights(
    metric_id: str,
    y: ArrayLike,
    values: ArrayLike,
    *,
    groups: NDArray[np.int64] | None = None,
    train_range: tuple[float, float] | None = None,
) -> Callable[[Array], Array]:
    """Check targets and values once, for many blocks of weights that are known to be sound.

    Args:
        metric_id: As in `weighted_metric`.
        y: As in `weighted_metric`.
        values: As in `weighted_metric`.
        groups: Group of every sample, 0 to G - 1, ``(n,)``, if weights are those of groups: decisions are
            then counted once per group, not once per sample and resample.
        train_range: As in `weighted_metric`.

    Returns:
        `weighted_metric` as a function of its weights alone: ``(B, n)``, or ``(B, G)`` of groups, float64,
        finite and nonnegative, which it trusts, to ``(B, K)``.

    Raises:
        UsageError: As `weighted_metric`.
        DataError: As `weighted_metric`.
    """
    metric = METRICS[choice("metric", metric_id, METRICS)]
    binary = metric.kind is not MetricKind.REGRESSION
    targets = (binary_array if binary else finite_array)("y", y)
    decided = metric.kind is MetricKind.DECISION
    table = (binary_array if decided else finite_array)("values", values, ndim=2, allow_nan=True)
    if table.shape[0] != len(targets):
        raise DataError(
            "targets and values differ in length",
            expected=f"values ({len(targets)}, K)",
            found=f"values {table.shape}",
        )
    if decided:
        return _decisions(metric_id, targets, table, groups)
    of_samples: Callable[[Array], Array]
    if metric_id == "mae":
        of_samples = partial(_weighted_mean, np.abs(targets[:, None] - table))
    elif metric_id == "r_l2":
        low, high = score_range(train_range)
        of_samples = partial(_weighted_mean, 100.0 * ((targets[:, None] - table) / (high - low)) ** 2)
    else:
        ranking = {"auroc": weighted_auroc, "ap": weighted_ap, "spearman": weighted_spearman}[metric_id]
        of_samples = partial(ranking, targets, table)
    return of_samples if groups is None else lambda w: of_samples(w[:, groups])


def _decisions(
    metric_id: str, y: Array, table: Array, groups: NDArray[np.int64] | None
) -> Callable[[Array], Array]:
    untested = np.isnan(table)
    if not untested.any():
        # Where every column tested every sample, the class totals are one column, not K.
        decided, tested = table, np.ones((len(y), 1))
    else:
        decided, tested = np.where(untested, 0.0, table), (~untested).astype(np.float64)
    error = y[:, None]
    # All cells of all columns stand side by side: one matrix product with the weights counts everything.
    parts = [decided * error, decided * (1 - error), tested * error, tested * (1 - error)]
    counted, bounds = np.hstack(parts), np.cumsum([part.shape[1] for part in parts])[:-1]
    if groups is not None:
        samples, counted = counted, np.zeros((int(groups.max()) + 1, counted.shape[1]))
        np.add.at(counted, groups, samples)

    def of_weights(w: Array) -> Array:
        tp, fp, errors, good = np.split(w @ counted, bounds, axis=1)
        # A column of differences of sums can be -0.0 or -1e-16 with fractional weights.
        return from_counts(metric_id, tp, fp, np.maximum(errors - tp, 0.0), np.maximum(good - fp, 0.0))

    return of_weights


def _weighted_mean(losses: Array, w: Array) -> Array:
    tested = ~np.isnan(losses)
    total = w @ (np.ones((len(losses), 1)) if tested.all() else tested.astype(np.float64))
    total = np.broadcast_to(total, (len(w), losses.shape[1]))
    mean = np.full(total.shape, np.nan)
    np.divide(w @ np.where(tested, losses, 0.0), total, out=mean, where=total > 0)
    return mean
