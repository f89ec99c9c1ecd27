"""What each group of samples contributes to a metric: its linear expansion in the weights of the groups.

The influence of a sample is the derivative of the metric by the sample's weight (Hampel, Journal of the
American Statistical Association 69, 1974): for F1 the derivative of a ratio, for AUROC the placement values
of DeLong et al. (Biometrics 44, 1988), for Spearman that of the correlation of midranks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from aqa_bench.core.errors import DataError
from aqa_bench.stats.checks import binary_array, choice, finite_array
from aqa_bench.stats.metrics import METRICS, MetricKind
from aqa_bench.stats.weighted import weighted_metric

__all__ = ["Contributions", "contributions"]

Array = NDArray[np.float64]

# Step of the numeric derivative: its error is of second order, that of rounding 1e-16 over it.
_STEP = 1e-4


@dataclass(frozen=True)
class Contributions:
    """A metric of K columns, spread over G groups.

    Attributes:
        value: The metric, ``(K,)``; NaN where it is undefined.
        influence: Influence of each group, ``(K, G)``; every row sums to 0, or is NaN.
        mass: Share of each group in what the metric is an average of, ``(K, G)``; every row sums to 1, or is
            NaN. ``influence + value * mass`` sums to the value.
    """

    value: Array
    influence: Array
    mass: Array


def contributions(
    metric_id: str,
    y: ArrayLike,
    values: ArrayLike,
    groups: NDArray[np.int64],
    *,
    train_range: tuple[float, float] | None = None,
) -> Contributions:
    """Spread a metric over groups of samples.

    Args:
        metric_id: A key of `aqa_bench.stats.metrics.METRICS`.
        y: Targets, ``(n,)``.
        values: 0/1 decisions for a decision metric, scores for any other, ``(n, K)``; NaN where the column
            did not test the sample.
        groups: Group of every sample, 0 to G - 1, ``(n,)``.
        train_range: Smallest and greatest training target; needed by ``r_l2`` alone.

    Returns:
        The contributions. A mass counts samples, save for F1, where it counts errors and decisions for one,
        and for the averages over two classes (AUROC, balanced accuracy), where each class has half of it.

    Raises:
        UsageError: If the metric is unknown.
        DataError: If an array is malformed, the shapes do not fit, or ``r_l2`` lacks its range.
    """
    metric = METRICS[choice("metric", metric_id, METRICS)]
    targets = (finite_array if metric.kind is MetricKind.REGRESSION else binary_array)("y", y)
    check = binary_array if metric.kind is MetricKind.DECISION else finite_array
    table = check("values", values, ndim=2, allow_nan=True)
    if not len(targets) == len(table) == len(groups):
        raise DataError(
            "targets, values and groups differ in length",
            expected=f"{len(targets)} of each",
            found=f"{len(table)} rows of values, {len(groups)} groups",
        )
    if metric_id in ("f1", "f1_good"):
        per_sample = _f1(targets, table) if metric_id == "f1" else _f1(1 - targets, 1 - table)
    elif metric_id == "accuracy":
        per_sample = _mean(np.where(np.isnan(table), np.nan, table == targets[:, None]))
    elif metric_id in ("auroc", "balanced_accuracy"):
        # Balanced accuracy is the AUROC of decisions: half a win where both classes get the same one.
        per_sample = _columns(_auroc, targets, table)
    elif metric_id == "spearman":
        per_sample = _columns(_spearman, targets, table)
    else:
        per_sample = _numeric(metric_id, targets, table, train_range)
    value, influence, mass = per_sample
    member = np.zeros((len(targets), int(groups.max()) + 1))
    member[np.arange(len(targets)), groups] = 1.0
    return Contributions(value, influence.T @ member, mass.T @ member)


PerSample = tuple[Array, Array, Array]
"""Values ``(K,)``, influence and mass ``(n, K)``; zero where a column did not test a sample."""


def _f1(y: Array, table: Array) -> PerSample:
    tested = ~np.isnan(table)
    decided, error = np.where(tested, table, 0.0), np.where(tested, y[:, None], 0.0)
    total = (decided + error).sum(0)
    total[total == 0] = np.nan
    mass = (decided + error) / total
    hits = 2 * decided * error / total
    value = hits.sum(0)
    return value, hits - value * mass, mass


def _mean(losses: Array) -> PerSample:
    tested = ~np.isnan(losses)
    count = tested.sum(0).astype(np.float64)
    count[count == 0] = np.nan
    mass = tested / count
    share = np.where(tested, losses, 0.0) / count
    value = share.sum(0)
    return value, share - value * mass, mass


def _columns(
    of_column: Callable[[Array, Array], tuple[float, Array, Array]], y: Array, table: Array
) -> PerSample:
    n, k = table.shape
    value, influence, mass = np.full(k, np.nan), np.zeros((n, k)), np.zeros((n, k))
    for i, column in enumerate(table.T):
        rows = np.flatnonzero(~np.isnan(column))
        value[i], influence[rows, i], mass[rows, i] = of_column(y[rows], column[rows])
    return value, influence, mass


def _auroc(y: Array, scores: Array) -> tuple[float, Array, Array]:
    positive = y == 1
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return np.nan, np.full(len(y), np.nan), np.full(len(y), np.nan)
    ranks = rankdata(scores)
    # A placement is the share of the other class that a sample wins against.
    placement = np.empty(len(y))
    placement[positive] = (ranks[positive] - rankdata(scores[positive])) / n
    placement[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / m
    value = float(placement[positive].mean())
    size = np.where(positive, m, n)
    return value, (placement - value) / size, 0.5 / size


def _spearman(y: Array, scores: Array) -> tuple[float, Array, Array]:
    n = len(y)
    mass = np.full(n, 1 / n if n else np.nan)
    a, b = rankdata(scores) - (n + 1) / 2, rankdata(y) - (n + 1) / 2
    spread_a, spread_b = float(a @ a), float(b @ b)
    if spread_a == 0 or spread_b == 0:
        return np.nan, np.full(n, np.nan), np.full(n, np.nan)
    scale = np.sqrt(spread_a) * np.sqrt(spread_b)
    rho = float(a @ b) / scale
    # The weight of a sample moves the ranks of all others: half a rank up above it, half a rank down below.
    covariance = a * b + _pull(scores, b) + _pull(y, a)
    own_a, own_b = a * a + 2 * _pull(scores, a), b * b + 2 * _pull(y, b)
    return rho, covariance / scale - rho / 2 * (own_a / spread_a + own_b / spread_b), mass


def _pull(by: Array, what: Array) -> Array:
    """Half of what stands above each sample less half of what stands below it, in the order of ``by``."""
    order = np.argsort(by, kind="stable")
    running = np.append(0.0, np.cumsum(what[order]))
    below = running[np.searchsorted(by[order], by, "left")]
    above = running[-1] - running[np.searchsorted(by[order], by, "right")]
    pull: Array = (above - below) / 2
    return pull


def _numeric(metric_id: str, y: Array, table: Array, train_range: tuple[float, float] | None) -> PerSample:
    n = len(y)
    step = _STEP * np.eye(n)
    weights = np.concatenate([np.ones((1, n)), 1 + step, 1 - step])
    value, up, down = np.split(
        weighted_metric(metric_id, y, table, weights, train_range=train_range), [1, n + 1]
    )
    influence = (up - down) / (2 * _STEP)
    tested = ~np.isnan(table)
    with np.errstate(invalid="ignore"):
        mass = tested / tested.sum(0)
    return value[0], influence - influence.sum(0) * mass, np.where(np.isnan(value), np.nan, mass)
