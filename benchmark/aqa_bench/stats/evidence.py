"""What one row of a board brings into comparisons: its value, spread over groups and over seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.influence import contributions

__all__ = ["Evidence", "evidence"]

Array = NDArray[np.float64]

# Seeds that differ by rounding alone are one and the same model.
_ALIKE = 1e-12


@dataclass(frozen=True)
class Evidence:
    """A metric of one row: the mean over its seeds of the mean over each seed's columns.

    Attributes:
        value: The metric; NaN if no column is defined.
        influence: Influence of each group of samples, ``(G,)``, summing to 0.
        mass: Share of each group in what the metric is an average of, ``(G,)``, summing to 1.
        seeds: Seeds with a defined column.
        seed_variance: Variance between seeds beyond what the choice of samples explains: an unbiased
            estimate, which may be negative. None with fewer than two seeds, and where all seeds agree.
    """

    value: float
    influence: Array
    mass: Array
    seeds: int
    seed_variance: float | None


def evidence(
    metric_id: str,
    y: ArrayLike,
    values: ArrayLike,
    *,
    groups: NDArray[np.int64],
    column_seeds: ArrayLike | None = None,
    train_range: tuple[float, float] | None = None,
) -> Evidence:
    """Spread a row's metric over groups and seeds.

    Two seeds judged on the same samples differ for two reasons: their models are of different quality, and
    each errs on samples of its own. The second is part of what the samples' choice explains already, so its
    estimate, the sum over groups of the squared deviations of the seeds' influences, is taken off.

    Args:
        metric_id: A key of `aqa_bench.stats.metrics.METRICS`.
        y: Targets, ``(n,)``.
        values: 0/1 decisions for a decision metric, scores for any other, ``(n, K)``; NaN where a column did
            not test the sample.
        groups: Group of every sample, 0 to G - 1, ``(n,)``.
        column_seeds: Seed of every column, ``(K,)``; each column is its own seed if None.
        train_range: Smallest and greatest training target; needed by ``r_l2`` alone.

    Raises:
        UsageError: If the metric is unknown.
        DataError: If an array is malformed or the shapes do not fit.
    """
    spread = contributions(metric_id, y, values, groups, train_range=train_range)
    k, n_groups = spread.influence.shape
    seeds = np.arange(k) if column_seeds is None else np.asarray(column_seeds)
    if seeds.shape != (k,):
        raise DataError(
            "column_seeds do not fit the values", expected=f"shape ({k},)", found=f"shape {seeds.shape}"
        )
    defined = np.flatnonzero(~np.isnan(spread.value))
    if not len(defined):
        return Evidence(np.nan, np.full(n_groups, np.nan), np.full(n_groups, np.nan), 0, None)
    names, index = np.unique(seeds[defined], return_inverse=True)
    n = len(names)
    of_seed = np.zeros((n, len(defined)))
    of_seed[index, np.arange(len(defined))] = 1.0
    of_seed /= of_seed.sum(1, keepdims=True)
    value, influence, mass = (
        of_seed @ part[defined] for part in (spread.value, spread.influence, spread.mass)
    )
    mean = influence.mean(0)
    seed_variance = None
    if n > 1:
        apart = influence - mean
        if np.abs(apart).max() > _ALIKE or np.ptp(value) > _ALIKE:
            seed_variance = float(value.var(ddof=1) - (apart**2).sum() / (n - 1))
    return Evidence(float(value.mean()), mean, mass.mean(0), n, seed_variance)
