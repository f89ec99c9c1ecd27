"""The difference between two methods on the same samples: paired bootstrap and sign-flip test."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.bootstrap import (
    Groups,
    Over,
    bootstrap_distribution,
    group_index,
    percentile_bounds,
    point_value,
)
from aqa_bench.stats.checks import finite_array
from aqa_bench.stats.evidence import evidence
from aqa_bench.stats.separation import separation

__all__ = ["Difference", "p_value", "paired_difference"]


@dataclass(frozen=True)
class Difference:
    """The difference of two methods, first minus second, in units of the metric.

    Attributes:
        value: Difference on the real data; NaN if either side is undefined.
        low: Lower bound of the interval.
        high: Upper bound.
        p: Two-sided p-value of "no difference"; NaN if the value is undefined.
        level: Nominal coverage of the interval.
        n_resamples: Resamples drawn.
        undefined: Those on which either side is undefined; the bounds come from the rest.
    """

    value: float
    low: float
    high: float
    p: float
    level: float
    n_resamples: int
    undefined: int


def paired_difference(
    metric_id: str,
    y: ArrayLike,
    values_a: ArrayLike,
    values_b: ArrayLike,
    *,
    groups: Groups | None = None,
    column_seeds_a: ArrayLike | None = None,
    column_seeds_b: ArrayLike | None = None,
    over: Over = "groups",
    n_resamples: int = 10_000,
    rng_seed: int = 0,
    level: float = 0.95,
    train_range: tuple[float, float] | None = None,
) -> Difference:
    """Compare two methods on the same samples.

    The interval is `aqa_bench.stats.bca.bca_bounds` of the paired bootstrap: both methods are evaluated on
    the same resampled groups; seeds, where they are drawn, are drawn independently for each. The p-value is
    that of `aqa_bench.stats.separation.separation` for this one pair, with as many flips as there are
    resamples, and never below one over their number. Near the level the two may disagree. Where seeds alone
    are drawn, the interval holds percentiles and the p-value is `p_value`. For a metric where lower is better
    a negative difference speaks for the first method.

    Args:
        metric_id: A key of `aqa_bench.stats.metrics.METRICS`.
        y: Targets, ``(n,)``.
        values_a: Decisions or scores of the first method, ``(n, Ka)``, as in `bootstrap`.
        values_b: Those of the second, ``(n, Kb)``.
        groups: Group of every sample, ``(n,)``; each sample is its own if None.
        column_seeds_a: Seed of every column of the first method, ``(Ka,)``.
        column_seeds_b: Seed of every column of the second, ``(Kb,)``.
        over: What is drawn anew, as in `bootstrap`.
        n_resamples: Number of resamples, at least 1.
        rng_seed: Seed of the draws, nonnegative.
        level: Nominal coverage of the interval, in (0, 1).
        train_range: Smallest and greatest training target; needed by ``r_l2`` alone.

    Returns:
        The difference, its interval and its p-value.

    Raises:
        UsageError: As `bootstrap`.
        DataError: As `bootstrap`, or if some sample was tested by one method and not by the other.
    """
    _check_same_samples(values_a, values_b)
    sides = []
    for stream, (values, seeds) in enumerate(((values_a, column_seeds_a), (values_b, column_seeds_b))):
        distribution = bootstrap_distribution(
            metric_id,
            y,
            values,
            groups=groups,
            column_seeds=seeds,
            over=over,
            n_resamples=n_resamples,
            rng_seed=rng_seed,
            train_range=train_range,
            seed_stream=stream,
        )
        value = point_value(metric_id, y, values, column_seeds=seeds, train_range=train_range)
        sides.append((value, distribution))
    (value_a, distribution_a), (value_b, distribution_b) = sides
    value, differences = value_a - value_b, distribution_a - distribution_b
    undefined = int(np.isnan(differences).sum())
    if over == "seeds":
        low, high = percentile_bounds(value, differences, level)
        p = p_value(value, differences)
        return Difference(value, low, high, p, level, n_resamples, undefined)
    tested = np.flatnonzero(_is_tested("values_a", values_a))
    targets = finite_array("y", y)
    index = group_index(np.arange(len(targets)) if groups is None else groups, tested)
    rows = [
        evidence(
            metric_id,
            targets[tested],
            np.asarray(values, dtype=np.float64)[tested],
            groups=index,
            column_seeds=seeds,
            train_range=train_range,
        )
        for values, seeds in ((values_a, column_seeds_a), (values_b, column_seeds_b))
    ]
    if math.isnan(value):
        return Difference(value, math.nan, math.nan, math.nan, level, n_resamples, undefined)
    if over == "groups":
        rows = [replace(row, seed_variance=None) for row in rows]
    low, high = bca_bounds(value, differences, rows[0].influence - rows[1].influence, level)
    p = float(separation(rows, rng_seed=rng_seed, n_flips=n_resamples)[0, 1])
    return Difference(value, low, high, p, level, n_resamples, undefined)


def p_value(value: float, differences: NDArray[np.float64]) -> float:
    """Two-sided p-value of "no difference" from a bootstrap distribution.

    Args:
        value: The difference on the real data.
        differences: The difference on every resample, ``(B,)``; NaN where it is undefined.

    Returns:
        ``min(1, 2 min(1 + #{d <= 0}, 1 + #{d >= 0}) / (B + 1))``; NaN if nothing is defined.
    """
    defined = differences[~np.isnan(differences)]
    if math.isnan(value) or len(defined) == 0:
        return math.nan
    tail = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (len(defined) + 1))


def _check_same_samples(values_a: ArrayLike, values_b: ArrayLike) -> None:
    a = _is_tested("values_a", values_a)
    b = _is_tested("values_b", values_b)
    if len(a) != len(b):
        raise DataError(
            "the methods have different numbers of samples",
            expected=f"{len(a)} rows in values_b",
            found=f"{len(b)} rows",
        )
    differ = np.flatnonzero(a != b)
    if len(differ):
        raise DataError(
            "the methods were not tested on the same samples",
            expected="every sample tested by both or neither",
            found=f"{len(differ)} tested by only one, the first in row {differ[0]}",
            remedy="align both on their common ids",
        )


def _is_tested(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    tested: NDArray[np.bool_] = np.any(~np.isnan(finite_array(name, values, ndim=2, allow_nan=True)), axis=1)
    return tested
