"""Percentile bootstrap (Efron, 1979) over groups of samples, over seeds, or over both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.stats.checks import choice, finite_array
from aqa_bench.stats.weighted import metric_of_weights, weighted_metric

__all__ = [
    "Groups",
    "Interval",
    "Over",
    "bootstrap",
    "bootstrap_distribution",
    "group_index",
    "group_weights",
    "mean_over_seeds",
    "percentile_bounds",
    "point_value",
]

Array = NDArray[np.float64]
Groups = Sequence[str] | Sequence[int] | NDArray[np.generic]
"""A label a sample: strings or integers."""
Over = Literal["groups", "seeds", "both"]
"""What is drawn anew in a resample."""

# Elements of the weights and of the metric held at once: 1 MiB of float64 stays in a core's cache.
_CHUNK: Final = 1 << 17
# Draws kept for the next method on the same samples: 32 MiB of float64.
_KEPT: Final = 1 << 22


@dataclass(frozen=True)
class Interval:
    """A value and its bootstrap interval.

    Attributes:
        value: The metric on the real data; NaN where undefined.
        low: Lower bound; NaN if the value is undefined or no resample is defined.
        high: Upper bound, likewise.
        level: Nominal coverage, in (0, 1).
        n_resamples: Resamples drawn.
        undefined: Those of them on which the metric is undefined; the bounds come from the rest.
    """

    value: float
    low: float
    high: float
    level: float
    n_resamples: int
    undefined: int


def group_weights(groups: Groups, n_resamples: int, rng: np.random.Generator) -> Array:
    """Draw groups with replacement, as many as there are, and count how often each sample came along.

    The draws depend on the sorted group labels alone: reordering the samples reorders the columns.

    Args:
        groups: Group of every sample (source video, subject, event), ``(n,)``.
        n_resamples: Number of resamples B.
        rng: Source of the draws. Two calls for B1 and B2 resamples draw what one for B1 + B2 draws.

    Returns:
        Weights of shape ``(B, n)``, float64, whole numbers.

    Raises:
        DataError: If there are no samples, or the labels are not strings or integers of shape ``(n,)``.
    """
    index = _group_index(groups)
    return _draw_counts(int(index.max()) + 1, n_resamples, rng)[:, index]


def point_value(
    metric_id: str,
    y: ArrayLike,
    values: ArrayLike,
    *,
    column_seeds: ArrayLike | None = None,
    train_range: tuple[float, float] | None = None,
) -> float:
    """Mean over seeds of the mean over a seed's columns of the metric; arguments and rules as `bootstrap`."""
    table = _table(values)
    columns = weighted_metric(metric_id, y, table, np.ones((1, len(table))), train_range=train_range)
    return float(mean_over_seeds(columns, column_seeds)[0])


def mean_over_seeds(columns: Array, column_seeds: ArrayLike | None = None) -> Array:
    """Mean over seeds of the mean over a seed's defined columns, as `bootstrap`.

    Args:
        columns: Any number of metrics of every column, ``(M, K)``; NaN where undefined.
        column_seeds: Seed of every column, ``(K,)``; each column is its own seed if None.

    Returns:
        The means, ``(M,)``; NaN where no column is defined.
    """
    means = _seed_means(columns, _seed_index(column_seeds, columns.shape[1]))
    return _mean_of_defined(means, np.ones_like(means))


def bootstrap_distribution(
    metric_id: str,
    y: ArrayLike,
    values: ArrayLike,
    *,
    groups: Groups | None = None,
    column_seeds: ArrayLike | None = None,
    over: Over = "groups",
    n_resamples: int = 10_000,
    rng_seed: int = 0,
    train_range: tuple[float, float] | None = None,
    seed_stream: int = 0,
) -> Array:
    """Value of the statistic of `bootstrap` on every resample.

    Two calls with the same ``rng_seed``, groups and tested samples draw the same groups in every resample,
    whatever the values are: their difference is a paired bootstrap.

    Args:
        metric_id: As in `bootstrap`.
        y: As in `bootstrap`.
        values: As in `bootstrap`.
        groups: As in `bootstrap`.
        column_seeds: As in `bootstrap`.
        over: As in `bootstrap`.
        n_resamples: As in `bootstrap`.
        rng_seed: As in `bootstrap`.
        train_range: As in `bootstrap`.
        seed_stream: Number of the stream the seeds are drawn from; different ones are independent. The draws
            of groups do not depend on it.

    Returns:
        ``(n_resamples,)``, NaN where the metric is undefined on the resample.

    Raises:
        UsageError: As `bootstrap`.
        DataError: As `bootstrap`.
    """
    choice("kind of bootstrap", over, ("groups", "seeds", "both"))
    if n_resamples < 1:
        raise UsageError("too few resamples", where="n_resamples", expected="at least 1", found=n_resamples)
    table, targets = _table(values), finite_array("y", y)
    names = np.arange(len(table)) if groups is None else groups
    if not len(table) == len(targets) == len(names):
        raise DataError(
            "targets, values and groups differ in length",
            expected=f"{len(targets)} of each",
            found=f"{len(table)} rows of values, {len(names)} groups",
        )
    seed_index = _seed_index(column_seeds, table.shape[1])
    # A sample that no column tested must not take a place in the draws.
    tested = np.flatnonzero(~np.isnan(table).all(axis=1))
    if len(tested) == 0:
        return np.full(n_resamples, np.nan)
    targets, table = targets[tested], table[tested]

    index = group_index(names, tested)
    n_groups = int(index.max()) + 1
    columns_of = metric_of_weights(metric_id, targets, table, groups=index, train_range=train_range)
    if over == "seeds":
        # The samples stay as they are, so one evaluation serves every resample.
        columns = columns_of(np.ones((1, n_groups)))
        means = np.repeat(_seed_means(columns, seed_index), n_resamples, axis=0)
    else:
        step = max(16, _CHUNK // sum(table.shape))
        drawn = _drawn_groups(n_groups, n_resamples, rng_seed, step)
        means = np.concatenate([_seed_means(columns_of(counts), seed_index) for counts in drawn])
    if over == "groups":
        return _mean_of_defined(means, np.ones_like(means))
    n_seeds = means.shape[1]
    # Seeds come from a stream of their own, so that the draws of groups do not depend on them: two methods
    # with different numbers of seeds still meet the same groups.
    counts = _draw_counts(n_seeds, n_resamples, np.random.default_rng((rng_seed, 1, seed_stream)))
    return _mean_of_defined(means, counts)


def bootstrap(
    metric_id: str,
    y: ArrayLike,
    values: ArrayLike,
    *,
    groups: Groups | None = None,
    column_seeds: ArrayLike | None = None,
    over: Over = "groups",
    n_resamples: int = 10_000,
    rng_seed: int = 0,
    level: float = 0.95,
    train_range: tuple[float, float] | None = None,
) -> Interval:
    """Estimate a metric and its percentile interval.

    The statistic is the mean over seeds of the mean over a seed's columns (its repeats) of the metric.
    Columns without a defined metric are left out of their seed's mean, seeds without a defined column out of
    the mean over seeds; the statistic is undefined only where nothing is left. Samples that no column tested
    take no part.

    Args:
        metric_id: A key of `aqa_bench.stats.metrics.METRICS`.
        y: Targets, ``(n,)``.
        values: 0/1 decisions for a decision metric, scores for any other, ``(n, K)``; NaN where a column did
            not test the sample.
        groups: Group of every sample, ``(n,)``; each sample is its own if None.
        column_seeds: Seed of every column, ``(K,)``; each column is its own seed if None.
        over: ``"groups"``: groups are drawn with replacement, the seeds stay; ``"seeds"``: seeds are drawn
            with replacement, the samples stay; ``"both"``: both, independently. S seeds show on average
            (S - 1) / S of the variance between seeds: a single one shows none.
            ``"both"`` counts noise of single (sample, seed) pairs up to three times (Owen, Annals of Applied
            Statistics 1, 2007): its interval errs on the wide side.
        n_resamples: Number of resamples, at least 1.
        rng_seed: Seed of the draws, nonnegative.
        level: Nominal coverage, in (0, 1).
        train_range: Smallest and greatest training target; needed by ``r_l2`` alone.

    Returns:
        The value with its interval; its bounds are NaN where groups are drawn and there is only one.

    Raises:
        UsageError: If the metric or ``over`` is unknown, ``level`` is not in (0, 1) or ``n_resamples`` < 1.
        DataError: If an array is malformed or the shapes do not fit.
    """
    distribution = bootstrap_distribution(
        metric_id,
        y,
        values,
        groups=groups,
        column_seeds=column_seeds,
        over=over,
        n_resamples=n_resamples,
        rng_seed=rng_seed,
        train_range=train_range,
    )
    value = point_value(metric_id, y, values, column_seeds=column_seeds, train_range=train_range)
    low, high = percentile_bounds(value, distribution, level)
    if over != "seeds" and _n_tested_groups(values, groups) < 2:
        # All draws of one group are the same: that is no certainty.
        low = high = math.nan
    return Interval(value, low, high, level, n_resamples, int(np.isnan(distribution).sum()))


def percentile_bounds(value: float, distribution: Array, level: float) -> tuple[float, float]:
    """Percentile interval of the defined resamples; NaN if there are none or the value is NaN.

    Raises:
        UsageError: If ``level`` is not in (0, 1).
    """
    if not 0 < level < 1:
        raise UsageError(
            "the level of the interval is out of range", where="level", expected="0 < level < 1", found=level
        )
    defined = distribution[~np.isnan(distribution)]
    if math.isnan(value) or len(defined) == 0:
        return math.nan, math.nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def group_index(groups: Groups, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Group of the chosen samples, 0 to G - 1 in the order of the sorted labels, ``(len(rows),)``.

    Args:
        groups: Group of every sample, ``(n,)``.
        rows: The samples chosen.

    Raises:
        DataError: As `group_weights`.
    """
    return np.unique(_group_index(groups)[rows], return_inverse=True)[1].astype(np.int64)


def _n_tested_groups(values: ArrayLike, groups: Groups | None) -> int:
    rows = np.flatnonzero(~np.isnan(_table(values)).all(axis=1))
    return len(rows if groups is None else np.unique(_group_index(groups)[rows]))


def _table(values: ArrayLike) -> Array:
    return finite_array("values", values, ndim=2, allow_nan=True)


def _group_index(groups: Groups) -> NDArray[np.int64]:
    """Group of every sample as an index into the sorted labels, ``(n,)``."""
    labels = np.asarray(groups)
    # A column of a table hands strings over as objects, which NumPy cannot sort as text.
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels.flat):
        labels = labels.astype(str)
    if labels.ndim != 1 or len(labels) == 0 or labels.dtype.kind not in "biuUT":
        raise DataError(
            "groups are not one label per sample",
            where="groups",
            expected="strings or integers of shape (n,), n >= 1",
            found=f"shape {labels.shape}, dtype {labels.dtype}",
        )
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _seed_index(column_seeds: ArrayLike | None, n_columns: int) -> NDArray[np.int64]:
    seeds = np.arange(n_columns) if column_seeds is None else np.asarray(column_seeds)
    if seeds.shape != (n_columns,):
        raise DataError(
            "column_seeds do not fit the values",
            expected=f"shape ({n_columns},)",
            found=f"shape {seeds.shape}",
        )
    return np.unique(seeds, return_inverse=True)[1].astype(np.int64)


def _drawn_groups(n_groups: int, n_resamples: int, rng_seed: int, step: int) -> Iterator[Array]:
    """Counts of all resamples in blocks of ``(step, G)``; how they are cut does not change the draws."""
    if n_resamples * n_groups <= _KEPT:
        kept = _kept_draws(n_groups, n_resamples, rng_seed)
        yield from (kept[start : start + step] for start in range(0, n_resamples, step))
        return
    rng = np.random.default_rng((rng_seed, 0))
    for start in range(0, n_resamples, step):
        yield _draw_counts(n_groups, min(step, n_resamples - start), rng)


@lru_cache(maxsize=1)
def _kept_draws(n_groups: int, n_resamples: int, rng_seed: int) -> Array:
    drawn = _draw_counts(n_groups, n_resamples, np.random.default_rng((rng_seed, 0)))
    # The same array goes to every later caller.
    drawn.flags.writeable = False
    return drawn


def _draw_counts(n_units: int, n_resamples: int, rng: np.random.Generator) -> Array:
    """Draw as many units as there are, with replacement; how often each came along, ``(B, n_units)``."""
    drawn = rng.integers(0, n_units, size=(n_resamples, n_units))
    # Each resample counts in a range of numbers of its own, so that one pass counts them all.
    drawn += np.arange(n_resamples)[:, None] * n_units
    counts = np.bincount(drawn.ravel(), minlength=n_resamples * n_units).reshape(n_resamples, n_units)
    return counts.astype(np.float64)


def _seed_means(columns: Array, seed_index: NDArray[np.int64]) -> Array:
    """Mean of the defined columns of every seed: ``(B, K)`` to ``(B, S)``."""
    # Repeats are averaged within their seed first: a seed with many repeats weighs no more than any other. A
    # product with the 0/1 table of who belongs where does that for all resamples at once.
    member = np.eye(int(seed_index.max()) + 1)[seed_index]
    undefined = np.isnan(columns)
    if not undefined.any():
        means: Array = (columns @ member) / member.sum(axis=0)
        return means
    count = (~undefined) @ member
    total = np.where(undefined, 0.0, columns) @ member
    means = np.full(total.shape, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


def _mean_of_defined(means: Array, weights: Array) -> Array:
    """Weighted mean of the defined seeds: ``(B, S)`` to ``(B,)``."""
    # An undefined seed leaves the mean with its weight; as a zero it would pull the mean down.
    weights = np.where(np.isnan(means), 0.0, weights)
    count = weights.sum(axis=1)
    total = (np.nan_to_num(means, nan=0.0) * weights).sum(axis=1)
    result = np.full(total.shape, np.nan)
    np.divide(total, count, out=result, where=count > 0)
    return result
