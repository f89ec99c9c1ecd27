"""Thresholds of many folds at once: what ``tune_threshold`` finds for each of them, in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aqa_bench.stats.checks import choice
from aqa_bench.stats.confusion import from_counts
from aqa_bench.stats.thresholds import FIXED_THRESHOLD, TUNABLE

__all__ = ["tune_folds"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def tune_folds(y: Array, scores: Array, fold: Index, n_folds: int, metric: str) -> Array:
    """Tune a threshold on the val scores of every fold.

    Args:
        y: Labels 0 or 1 (1 = error), ``(n,)`` float64.
        scores: Finite scores that grow with the belief in an error, ``(n,)`` float64.
        fold: Fold of every score, in ``[0, n_folds)``, ``(n,)``.
        n_folds: Number of folds.
        metric: As in :func:`aqa_bench.stats.thresholds.tune_threshold`.

    Returns:
        ``(n_folds,)`` float64: what :func:`~aqa_bench.stats.thresholds.tune_threshold` finds for the fold's
        scores, or 0.5 where they are not of both classes.

    Raises:
        UsageError: The metric cannot be tuned for.
    """
    choice("metric to tune a threshold for", metric, TUNABLE)
    result = np.full(n_folds, FIXED_THRESHOLD)
    errors, sizes = np.bincount(fold, y, n_folds), np.bincount(fold, minlength=n_folds)
    mixed = np.flatnonzero((errors > 0) & (errors < sizes))
    if not len(mixed):
        return result
    # The folds that are left are numbered anew without gaps, since reduceat knows no empty segment.
    place = np.full(n_folds, -1)
    place[mixed] = np.arange(len(mixed))
    kept = place[fold] >= 0
    result[mixed] = _tuned(y[kept], scores[kept], place[fold[kept]], metric)
    return result


def _tuned(y: Array, scores: Array, fold: Index, metric: str) -> Array:
    """Threshold of every fold; each of the folds 0, 1, ... has both classes."""
    order = np.lexsort((scores, fold))
    y, scores, fold = y[order], scores[order], fold[order]
    sizes = np.bincount(fold)
    ends = np.cumsum(sizes)
    first = np.ones(len(y), dtype=np.bool_)
    first[1:] = (np.diff(scores) != 0) | (np.diff(fold) != 0)
    starts = np.flatnonzero(first)

    # A fold with m distinct scores has m + 1 cuts: from each of them up, and above them all.
    cuts = np.bincount(fold[starts]) + 1
    cut_fold = np.repeat(np.arange(len(sizes)), cuts)
    above = np.cumsum(cuts) - 1
    inner = np.ones(len(cut_fold), dtype=np.bool_)
    inner[above] = False
    below = np.empty(len(cut_fold), dtype=np.int64)
    below[above] = ends
    below[inner] = starts
    missed = np.append(0.0, np.cumsum(y))
    begin = np.append(0, ends[:-1])
    tp = (missed[ends][cut_fold]) - missed[below]
    fp = ends[cut_fold] - below - tp
    positives = (missed[ends] - missed[begin])[cut_fold]
    reached = from_counts(metric, tp, fp, positives - tp, sizes[cut_fold] - positives - fp)

    # Neighbouring cuts of the best value form a plateau; cut j holds for thresholds in (low[j], high[j]].
    heads = np.append(0, above[:-1] + 1)
    best = reached == np.maximum.reduceat(reached, heads)[cut_fold]
    top = scores[ends - 1]
    low, high = np.empty(len(cut_fold)), np.empty(len(cut_fold))
    high[inner] = scores[starts]
    high[above] = np.where(top < 1.0, 1.0, np.nextafter(top, np.inf))
    low[1:] = high[:-1]
    low[heads] = np.minimum(0.0, scores[begin])
    opens, closes = best.copy(), best.copy()
    opens[1:] &= ~best[:-1] | (np.diff(cut_fold) != 0)
    closes[:-1] &= ~best[1:] | (np.diff(cut_fold) != 0)
    lows, highs, owner = low[opens], high[closes], cut_fold[opens]

    width = highs - lows
    groups = np.searchsorted(owner, np.arange(len(sizes)))
    # Widths that differ by rounding alone are equal; the lowest of equally wide ones is taken.
    wide = np.flatnonzero(width >= np.maximum.reduceat(width, groups)[owner] * (1 - 1e-9))
    chosen = wide[np.searchsorted(owner[wide], np.arange(len(sizes)))]
    a, b = lows[chosen], highs[chosen]
    middle = a / 2 + b / 2
    thresholds: Array = np.where((a < middle) & (middle <= b), middle, b)
    return thresholds
