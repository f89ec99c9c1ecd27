"""Decision metrics as functions of the four cells of the confusion table."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.stats.checks import choice

__all__ = ["DECISION_METRICS", "from_counts"]

DECISION_METRICS: Final = ("f1", "f1_good", "accuracy", "balanced_accuracy", "mcc", "precision", "recall")
"""Ids of the metrics that are functions of decisions; positive = 1 = error, save for ``f1_good``."""


def from_counts(
    metric_id: str, tp: ArrayLike, fp: ArrayLike, fn: ArrayLike, tn: ArrayLike
) -> NDArray[np.float64]:
    """Evaluate a decision metric on any number of confusion tables at once.

    Undefined entries are NaN: F1 where ``TP + FP + FN = 0`` (of the class it is the F1 of), balanced accuracy
    where a class is missing, precision without a predicted positive, recall without a positive, and every
    metric of an empty table. MCC with an empty row or column is 0.0, its usual convention.

    Args:
        metric_id: One of `DECISION_METRICS`.
        tp: True positives, nonnegative, any shape that broadcasts with the others.
        fp: False positives.
        fn: False negatives.
        tn: True negatives.

    Returns:
        The metric, float64, of the broadcast shape. Integer counts that give equal ratios give equal floats.

    Raises:
        UsageError: If the metric is unknown.

    Example:
        >>> from_counts("f1", [2, 0], [1, 0], [1, 0], [0, 5]).tolist()
        [0.6666666666666666, nan]
    """
    choice("decision metric", metric_id, DECISION_METRICS)
    tp, fp, fn, tn = (np.asarray(count, dtype=np.float64) for count in (tp, fp, fn, tn))
    match metric_id:
        case "f1":
            return _ratio(2 * tp, 2 * tp + fp + fn)
        case "f1_good":
            return _ratio(2 * tn, 2 * tn + fp + fn)
        case "accuracy":
            return _ratio(tp + tn, tp + fp + fn + tn)
        case "balanced_accuracy":
            positive, negative = tp + fn, tn + fp
            return _ratio(tp * negative + tn * positive, 2 * positive * negative)
        case "precision":
            return _ratio(tp, tp + fp)
        case "recall":
            return _ratio(tp, tp + fn)
        case _:
            return _mcc(tp, fp, fn, tn)


def _mcc(
    tp: NDArray[np.float64], fp: NDArray[np.float64], fn: NDArray[np.float64], tn: NDArray[np.float64]
) -> NDArray[np.float64]:
    margins = np.sqrt((tp + fp) * (tp + fn)) * np.sqrt((tn + fp) * (tn + fn))
    value = np.where(margins > 0, _ratio(tp * tn - fp * fn, margins), 0.0)
    return np.where(tp + fp + fn + tn > 0, np.clip(value, -1.0, 1.0), np.nan)


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    ratio = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio
