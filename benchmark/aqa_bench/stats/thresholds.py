"""Decision thresholds tuned on validation scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqa_bench.stats.checks import choice, pair
from aqa_bench.stats.confusion import from_counts

__all__ = ["FIXED_THRESHOLD", "TUNABLE", "Threshold", "tune_threshold"]

FIXED_THRESHOLD: Final = 0.5
"""The method's own decision: scores are mapped so that 0.5 parts good from error."""

TUNABLE: Final = ("f1", "accuracy", "balanced_accuracy")
"""Ids of the metrics a threshold can be tuned for."""


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it reaches on the scores it was tuned on.

    Attributes:
        value: Decision is error where ``score >= value``.
        metric: Id of the metric tuned for.
        score: The metric at this threshold on the validation scores; NaN if they could not tell thresholds
            apart.
    """

    value: float
    metric: str
    score: float


def tune_threshold(y: ArrayLike, scores: ArrayLike, metric: str = "f1") -> Threshold:
    """Find the threshold with the best metric over all cuts of the scores, in O(n log n).

    Every threshold between two adjacent distinct scores decides alike; neighbouring intervals of equal metric
    form one plateau. Among the plateaus of maximal metric the widest is taken (the lowest of equally wide
    ones), and its middle is the threshold. The outer intervals end at ``min(0, smallest score)`` and
    ``max(1, greatest score)``, since scores are probabilities as a rule; above a greatest score of 1 or more
    the interval of "no errors at all" holds only the next float.

    Args:
        y: Validation labels 0 or 1 (1 = error), ``(n,)``.
        scores: Validation scores that grow with the belief in an error, ``(n,)``.
        metric: One of `TUNABLE`.

    Returns:
        The threshold. Without an error among the labels (F1), or with one class only (balanced accuracy), no
        cut is better than another: the result is then `FIXED_THRESHOLD` with a NaN score.

    Raises:
        UsageError: If the metric cannot be tuned for.
        DataError: If an input is empty, not finite, the labels are not 0/1, or the lengths differ.

    Example:
        >>> tune_threshold([0, 0, 1, 1], [0.1, 0.3, 0.4, 0.9])
        Threshold(value=0.35, metric='f1', score=1.0)
    """
    choice("metric to tune a threshold for", metric, TUNABLE)
    targets, values = pair(y, scores, binary_y=True, binary_values=False)
    positives = float(targets.sum())
    if (metric == "f1" and positives == 0) or (
        metric == "balanced_accuracy" and positives in (0, len(targets))
    ):
        return Threshold(FIXED_THRESHOLD, metric, math.nan)

    distinct, tp, fp = _cuts(targets, values)
    reached = from_counts(metric, tp, fp, positives - tp, len(targets) - positives - fp)
    best = float(reached.max())
    top = float(distinct[-1])
    # Cut j declares an error from distinct[j] up: any threshold in (edges[j], edges[j + 1]].
    edges = np.concatenate(
        [[min(0.0, float(distinct[0]))], distinct, [1.0 if top < 1.0 else np.nextafter(top, math.inf)]]
    )
    # A zero at either end lets a plateau begin at the first cut and end at the last.
    jumps = np.diff(np.concatenate([[0], (reached == best).astype(np.int8), [0]]))
    low, high = edges[np.flatnonzero(jumps == 1)], edges[np.flatnonzero(jumps == -1)]
    width = high - low
    # Widths that differ by rounding alone are equal; argmax takes the first.
    widest = int(np.argmax(width >= width.max() * (1 - 1e-9)))
    return Threshold(_middle(float(low[widest]), float(high[widest])), metric, best)


def _cuts(
    y: NDArray[np.float64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Distinct scores ``(m,)``, ascending, and TP and FP of the ``m + 1`` cuts from below to above them."""
    order = np.argsort(scores, kind="stable")
    y, scores = y[order], scores[order]
    starts = np.append(0, np.flatnonzero(np.diff(scores)) + 1)
    below = np.append(starts, len(y))
    missed = np.append(0.0, np.cumsum(y))[below]
    tp = missed[-1] - missed
    return scores[starts], tp, len(y) - below - tp


def _middle(low: float, high: float) -> float:
    """Middle of ``(low, high]``; the upper end where no float lies between."""
    middle = low / 2 + high / 2
    return middle if low < middle <= high else high
