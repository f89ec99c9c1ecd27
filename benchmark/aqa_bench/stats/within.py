"""Rank correlation within strata: what is left once the stratum is known, e.g. the difficulty of a dive."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.bootstrap import Groups, Interval, group_weights, percentile_bounds
from aqa_bench.stats.checks import finite_array
from aqa_bench.stats.weighted_ranks import weighted_spearman

__all__ = ["MIN_STRATUM", "SPEARMAN_WITHIN", "spearman_within", "spearman_within_interval"]

SPEARMAN_WITHIN: Final = "spearman_within"
"""Id of the metric in records and tables."""
MIN_STRATUM: Final = 5
"""Strata with fewer tested samples are left out."""

Array = NDArray[np.float64]


def spearman_within(
    y: ArrayLike, values: ArrayLike, strata: ArrayLike, weights: ArrayLike | None = None
) -> Array:
    """Mean over strata of Spearman's rank correlation, each stratum weighted by its number of samples.

    Strata of fewer than `MIN_STRATUM` tested samples, and those whose targets or scores are constant, take
    no part.

    Args:
        y: Targets, ``(n,)``.
        values: Scores, ``(n, K)``; NaN where the column did not test the sample.
        strata: Stratum of every sample, ``(n,)``.
        weights: How often each sample counts, nonnegative, ``(B, n)``; once if None. Which strata are large
            enough does not depend on them.

    Returns:
        Values in [-1, 1] of shape ``(B, K)``; NaN where no stratum has one.

    Raises:
        DataError: If an array is malformed or the lengths differ.

    Example:
        >>> strata = ["easy"] * 5 + ["hard"] * 5
        >>> y = [1, 2, 3, 4, 5, 11, 12, 13, 14, 15]
        >>> spearman_within(y, [[3], [2], [1], [0], [-1], [21], [22], [23], [24], [25]], strata).item()
        0.0
    """
    targets, table = finite_array("y", y), finite_array("values", values, ndim=2, allow_nan=True)
    w = np.ones((1, len(targets))) if weights is None else finite_array("weights", weights, ndim=2)
    names = np.asarray(strata)
    if not len(targets) == len(table) == len(names) == w.shape[1]:
        raise DataError(
            "targets, values, strata and weights differ in length",
            expected=f"{len(targets)} samples in each",
            found=f"{len(table)} rows of values, {len(names)} strata, {w.shape[1]} weights",
        )
    total, mass = (np.zeros((len(w), table.shape[1])) for _ in range(2))
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        tested = ~np.isnan(table[rows])
        # Size is judged on the samples themselves. Judged on each resample, strata would come and go, and the
        # interval would be one of many different statistics.
        if (tested.sum(0) < MIN_STRATUM).all():
            continue
        rho = weighted_spearman(targets[rows], table[rows], w[:, rows])
        # Inside a resample, a stratum weighs what was drawn of it.
        counts = w[:, rows] @ tested.astype(np.float64)
        counts = np.where(np.isnan(rho) | (tested.sum(0) < MIN_STRATUM), 0.0, counts)
        total += counts * np.nan_to_num(rho)
        mass += counts
    mean = np.full(total.shape, np.nan)
    np.divide(total, mass, out=mean, where=mass > 0)
    return mean


def spearman_within_interval(
    y: ArrayLike,
    values: ArrayLike,
    strata: ArrayLike,
    *,
    groups: Groups,
    n_resamples: int,
    rng_seed: int,
    level: float = 0.95,
) -> Interval:
    """`spearman_within`, averaged over the columns, with its percentile bootstrap interval over groups.

    The resamples are those that `aqa_bench.stats.bootstrap.bootstrap` draws for the same groups and seed.

    Args:
        y: Targets, ``(n,)``.
        values: Scores, ``(n, K)``; a sample that no column tested has no place here.
        strata: Stratum of every sample, ``(n,)``.
        groups: Group of every sample, ``(n,)``.
        n_resamples: Number of resamples.
        rng_seed: Seed of the draws.
        level: Nominal coverage, in (0, 1).

    Returns:
        The value with its interval; its bounds are NaN where there is only one group.

    Raises:
        UsageError: If ``level`` is not in (0, 1).
        DataError: If an array is malformed or the lengths differ.
    """
    # Stream 0 of the seed, from which `bootstrap` draws groups: the metrics of a row share their resamples.
    weights = group_weights(groups, n_resamples, np.random.default_rng((rng_seed, 0)))
    distribution = _mean_of_defined(spearman_within(y, values, strata, weights))
    value = float(_mean_of_defined(spearman_within(y, values, strata))[0])
    low, high = percentile_bounds(value, distribution, level)
    if len(set(np.asarray(groups).tolist())) < 2:
        low = high = math.nan
    return Interval(value, low, high, level, n_resamples, int(np.isnan(distribution).sum()))


def _mean_of_defined(columns: Array) -> Array:
    """Mean of the defined columns: ``(B, K)`` to ``(B,)``."""
    defined = ~np.isnan(columns)
    mean = np.full(len(columns), np.nan)
    np.divide(np.where(defined, columns, 0.0).sum(1), defined.sum(1), out=mean, where=defined.any(1))
    return mean
