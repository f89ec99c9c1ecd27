"""AUROC, average precision and Spearman under many vectors of sample weights.

The order of a column's scores is the same in every resample, so it is sorted once; what changes are running
sums of weights along that order. All functions take ``y (n,)``, ``table (n, K)`` with NaN where a column did
not test a sample, and ``weights (B, n)``, checked by the caller; they return ``(B, K)``, NaN where undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["weighted_ap", "weighted_auroc", "weighted_spearman"]

Array = NDArray[np.float64]

# Elements of a block of weights: 1 MiB of float64, so that a block and its sums stay in a core's cache.
_BLOCK: Final = 1 << 17


def weighted_auroc(y: Array, table: Array, weights: Array) -> Array:
    """AUROC, ``P(s+ > s-) + P(s+ = s-) / 2``, of every column under every vector of weights."""
    # The value itself needs no running sums, and SciPy ranks all columns at once.
    if _is_plain(table, weights):
        positive = y == 1
        n_positive, n_negative = int(positive.sum()), int((~positive).sum())
        if not n_positive or not n_negative:
            return np.full((1, table.shape[1]), np.nan)
        ranks = rankdata(table, axis=0)[positive].sum(axis=0) - n_positive * (n_positive + 1) / 2
        value: Array = ranks[None] / (n_positive * n_negative)
        return value
    return _per_column([_auroc_of(y, column) for column in table.T], weights)


def weighted_ap(y: Array, table: Array, weights: Array) -> Array:
    """Average precision, tied scores as one step, of every column under every vector of weights."""
    if _is_plain(table, weights):
        positive = y == 1
        if not positive.any():
            return np.full((1, table.shape[1]), np.nan)
        flagged = rankdata(-table, method="max", axis=0)[positive]
        precision: Array = rankdata(-table[positive], method="max", axis=0) / flagged
        value: Array = precision.mean(axis=0, keepdims=True)
        return value
    return _per_column([_ap_of(y, column) for column in table.T], weights)


def weighted_spearman(y: Array, table: Array, weights: Array) -> Array:
    """Spearman of every column under every vector of weights: Pearson of the weighted midranks."""
    tested, member = np.unique(~np.isnan(table), axis=1, return_inverse=True)
    result = np.full((len(weights), table.shape[1]), np.nan)
    for m, mask in enumerate(tested.T):
        rows = np.flatnonzero(mask)
        if len(rows) == 0:
            continue
        columns = np.flatnonzero(member.ravel() == m)
        target_ranks = _midranks_of(y[rows])
        score_ranks = [_midranks_of(table[rows, k]) for k in columns]
        for span, block in _blocks(weights[:, rows]):
            b = target_ranks(block)
            wb = block * b
            spread_b = _sum(wb, b)
            # A constant input leaves rounding noise of the order of eps under fractional weights.
            least = 1e-12 * block.sum(axis=0) ** 3
            for k, ranks in zip(columns, score_ranks, strict=True):
                a = ranks(block)
                covariance = _sum(wb, a)
                a *= a
                spread_a = _sum(block, a)
                defined = (spread_a > least) & (spread_b > least)
                scale = np.sqrt(spread_a) * np.sqrt(spread_b)
                result[span, k] = np.clip(_ratio(covariance, scale, defined), -1.0, 1.0)
    return result


def _is_plain(table: Array, weights: Array) -> bool:
    """Whether there is one resample, the samples themselves, and all columns tested all of them."""
    return len(weights) == 1 and bool((weights == 1).all()) and not np.isnan(table).any()


def _auroc_of(y: Array, scores: Array) -> Callable[[Array], Array]:
    positive, negative = (
        np.flatnonzero((y == 1) & ~np.isnan(scores)),
        np.flatnonzero((y == 0) & ~np.isnan(scores)),
    )
    negative = negative[np.argsort(scores[negative], kind="stable")]
    left = np.searchsorted(scores[negative], scores[positive], "left")
    right = np.searchsorted(scores[negative], scores[positive], "right")

    def auroc(block: Array) -> Array:
        below, gained = _running_sum(block[negative]), block[positive]
        # A tie is half a win: the mean of the weight strictly below and the weight at most equal.
        beaten = below[left]
        beaten += below[right]
        total = gained.sum(axis=0) * below[-1]
        return _ratio(_sum(gained, beaten) / 2, total, total > 0)

    return auroc


def _ap_of(y: Array, scores: Array) -> Callable[[Array], Array]:
    positive, negative = (
        np.flatnonzero((y == 1) & ~np.isnan(scores)),
        np.flatnonzero((y == 0) & ~np.isnan(scores)),
    )
    positive = positive[np.argsort(-scores[positive], kind="stable")]
    negative = negative[np.argsort(-scores[negative], kind="stable")]
    # Precision is needed at positives alone: negatives enter only by how many stand at or above each of them.
    n_tp = np.searchsorted(-scores[positive], -scores[positive], "right")
    n_fp = np.searchsorted(-scores[negative], -scores[positive], "right")

    def average_precision(block: Array) -> Array:
        gained = block[positive]
        running = _running_sum(gained)
        tp = running[n_tp]
        flagged = tp + _running_sum(block[negative])[n_fp]
        precision = np.divide(tp, flagged, out=np.zeros_like(tp), where=flagged > 0)
        return _ratio(_sum(gained, precision), running[-1], running[-1] > 0)

    return average_precision


def _midranks_of(values: Array) -> Callable[[Array], Array]:
    order = np.argsort(values, kind="stable")
    left = np.searchsorted(values[order], values, "left")
    right = np.searchsorted(values[order], values, "right")

    def midranks(block: Array) -> Array:
        # The weighted mean of the midranks is half the total weight: what is returned is centred.
        running = _running_sum(block[order])
        ranks = running[left]
        ranks += running[right]
        ranks -= running[-1]
        ranks /= 2
        return ranks

    return midranks


def _per_column(metrics: list[Callable[[Array], Array]], weights: Array) -> Array:
    result = np.empty((len(weights), len(metrics)))
    for span, block in _blocks(weights):
        for k, metric in enumerate(metrics):
            result[span, k] = metric(block)
    return result


def _blocks(weights: Array) -> Iterator[tuple[slice, Array]]:
    """Cut ``(B, n)`` weights into contiguous ``(n, b)`` blocks, one column per resample."""
    step = max(16, _BLOCK // weights.shape[1])
    for start in range(0, len(weights), step):
        span = slice(start, start + step)
        yield span, np.ascontiguousarray(weights[span].T)


def _running_sum(rows: Array) -> Array:
    """Sums of the first 0, 1, ..., m rows: ``(m, b)`` to ``(m + 1, b)``."""
    sums = np.zeros((rows.shape[0] + 1, rows.shape[1]))
    np.cumsum(rows, axis=0, out=sums[1:])
    return sums


def _sum(a: Array, b: Array) -> Array:
    """Column sums of the product of two ``(m, b)`` blocks."""
    total: Array = np.einsum("ib,ib->b", a, b)
    return total


def _ratio(numerator: Array, denominator: Array, defined: NDArray[np.bool_]) -> Array:
    ratio = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=defined)
    return ratio
