"""The metrics of the benchmark: their bounds as data, and one pure function each.

A metric without a value on its input (one class only, constant scores) is NaN, never a silent 0; a malformed
input is a `DataError`. The positive class is 1 = error, save for ``f1_good``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from aqa_bench.stats.checks import choice, pair, score_range
from aqa_bench.stats.confusion import from_counts

__all__ = [
    "METRICS",
    "Metric",
    "MetricKind",
    "accuracy",
    "auroc",
    "average_precision",
    "balanced_accuracy",
    "compute",
    "f1",
    "f1_good",
    "mae",
    "mcc",
    "precision",
    "r_l2",
    "recall",
    "spearman",
]


class MetricKind(StrEnum):
    """What a metric is a function of."""

    DECISION = "decision"
    """Binary targets and 0/1 decisions."""
    RANKING = "ranking"
    """Binary targets and scores of which only the order counts."""
    REGRESSION = "regression"
    """Real-valued targets and scores."""


@dataclass(frozen=True)
class Metric:
    """A metric as the tables need to know it.

    Attributes:
        id: Its name in records and tables.
        name: Its name in print.
        kind: What it is a function of.
        higher_is_better: Whether a greater value is a better one.
        low: Smallest possible value.
        high: Greatest possible value, ``inf`` where there is none.
        description: One sentence.
    """

    id: str
    name: str
    kind: MetricKind
    higher_is_better: bool
    low: float
    high: float
    description: str


_D, _K, _R = MetricKind.DECISION, MetricKind.RANKING, MetricKind.REGRESSION
METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.id: metric
        for metric in (
            Metric("f1", "F1", _D, True, 0, 1, "F1 of the errors."),
            Metric("f1_good", "F1 (good)", _D, True, 0, 1, "F1 of the good executions."),
            Metric("accuracy", "Accuracy", _D, True, 0, 1, "Share of correct decisions."),
            Metric(
                "balanced_accuracy", "Balanced accuracy", _D, True, 0, 1, "Mean recall of the two classes."
            ),
            Metric("mcc", "MCC", _D, True, -1, 1, "Correlation of decisions and labels (Matthews)."),
            Metric("precision", "Precision", _D, True, 0, 1, "Share of true errors among those reported."),
            Metric("recall", "Recall", _D, True, 0, 1, "Share of the errors that are reported."),
            Metric("ap", "AP", _K, True, 0, 1, "Average precision of the errors."),
            Metric("auroc", "AUROC", _K, True, 0, 1, "Probability that an error outscores a good execution."),
            Metric("spearman", "Spearman", _R, True, -1, 1, "Rank correlation of scores and targets."),
            Metric("r_l2", "R-l2 (x100)", _R, False, 0, math.inf, "Mean squared error over the train range."),
            Metric("mae", "MAE", _R, False, 0, math.inf, "Mean absolute error in units of the score."),
        )
    }
)
"""Every metric by id."""


def _decision_metric(metric_id: str, y: ArrayLike, decisions: ArrayLike) -> float:
    targets, decided = pair(y, decisions, binary_y=True, binary_values=True, name="decisions")
    tp = float(targets @ decided)
    fp, fn = float(decided.sum()) - tp, float(targets.sum()) - tp
    return float(from_counts(metric_id, tp, fp, fn, len(targets) - tp - fp - fn))


def f1(y: ArrayLike, decisions: ArrayLike) -> float:
    """F1 of the errors: ``2 TP / (2 TP + FP + FN)``.

    Args:
        y: Labels 0 or 1 (1 = error), ``(n,)``.
        decisions: Decisions 0 or 1, ``(n,)``.

    Returns:
        A value in [0, 1]; NaN if there is neither an error nor a decision for one. Errors of which none is
        found give 0.

    Raises:
        DataError: If an input is empty, not 0/1, not finite, or the lengths differ.
    """
    return _decision_metric("f1", y, decisions)


def f1_good(y: ArrayLike, decisions: ArrayLike) -> float:
    """F1 of the good executions: ``2 TN / (2 TN + FP + FN)``.

    Args and Raises as `f1`; NaN if everything is an error and is said to be one.
    """
    return _decision_metric("f1_good", y, decisions)


def accuracy(y: ArrayLike, decisions: ArrayLike) -> float:
    """Share of correct decisions, in [0, 1]; always defined. Args and Raises as `f1`."""
    return _decision_metric("accuracy", y, decisions)


def balanced_accuracy(y: ArrayLike, decisions: ArrayLike) -> float:
    """Mean of the recalls of both classes, in [0, 1]; NaN if a class is missing. Args and Raises as `f1`."""
    return _decision_metric("balanced_accuracy", y, decisions)


def mcc(y: ArrayLike, decisions: ArrayLike) -> float:
    """Matthews' correlation coefficient, in [-1, 1].

    Args and Raises as `f1`; 0.0 if labels or decisions hold one class only (the usual convention).
    """
    return _decision_metric("mcc", y, decisions)


def precision(y: ArrayLike, decisions: ArrayLike) -> float:
    """``TP / (TP + FP)``, in [0, 1]; NaN if no error is reported. Args and Raises as `f1`."""
    return _decision_metric("precision", y, decisions)


def recall(y: ArrayLike, decisions: ArrayLike) -> float:
    """``TP / (TP + FN)``, in [0, 1]; NaN if there is no error. Args and Raises as `f1`."""
    return _decision_metric("recall", y, decisions)


def average_precision(y: ArrayLike, scores: ArrayLike) -> float:
    """Average precision: the sum of precision times step in recall over the distinct scores.

    Tied scores form one step, so the value does not depend on the order of the samples; there is no
    interpolation.

    Args:
        y: Labels 0 or 1 (1 = error), ``(n,)``.
        scores: Scores that grow with the belief in an error, ``(n,)``.

    Returns:
        A value in [0, 1]; NaN if there is no error, 1.0 if there are only errors.

    Raises:
        DataError: If an input is empty, not finite, the labels are not 0/1, or the lengths differ.
    """
    targets, values = pair(y, scores, binary_y=True, binary_values=False)
    if not targets.any():
        return math.nan
    order = np.argsort(-values, kind="stable")
    targets, values = targets[order], values[order]
    ends = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    tp = np.cumsum(targets)[ends]
    return float(np.diff(tp, prepend=0.0) @ (tp / (ends + 1)) / tp[-1])


def auroc(y: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: ``P(s+ > s-) + P(s+ = s-) / 2``.

    Args and Raises as `average_precision`.

    Returns:
        A value in [0, 1]; NaN if a class is missing.
    """
    targets, values = pair(y, scores, binary_y=True, binary_values=False)
    positive = float(targets.sum())
    negative = len(targets) - positive
    if positive == 0 or negative == 0:
        return math.nan
    wins = float(targets @ rankdata(values)) - positive * (positive + 1) / 2
    return wins / (positive * negative)


def spearman(y: ArrayLike, scores: ArrayLike) -> float:
    """Spearman's rank correlation: Pearson's of the ranks, ties at their average rank.

    Args:
        y: Targets, ``(n,)``.
        scores: Predicted scores, ``(n,)``.

    Returns:
        A value in [-1, 1]; NaN if targets or scores are constant (a single sample is).

    Raises:
        DataError: If an input is empty or not finite, or the lengths differ.
    """
    targets, values = pair(y, scores, binary_y=False, binary_values=False)
    centre = (len(targets) + 1) / 2
    a, b = rankdata(targets) - centre, rankdata(values) - centre
    scale = math.sqrt(float(a @ a)) * math.sqrt(float(b @ b))
    return float(np.clip(a @ b / scale, -1.0, 1.0)) if scale > 0 else math.nan


def r_l2(y: ArrayLike, scores: ArrayLike, low: float, high: float) -> float:
    """Relative L2 distance of CoRe (Yu et al., ICCV 2021), times 100 as the field prints it.

    ``100 * mean((|y - s| / (high - low))^2)``.

    Args:
        y: Targets, ``(n,)``.
        scores: Predicted scores in the units of the targets, ``(n,)``.
        low: Smallest target of the training split.
        high: Greatest target of the training split.

    Returns:
        A value >= 0; always defined.

    Raises:
        DataError: As `spearman`, or if the range is not finite and increasing.
    """
    low, high = score_range((low, high))
    targets, values = pair(y, scores, binary_y=False, binary_values=False)
    return 100.0 * float(np.mean(((targets - values) / (high - low)) ** 2))


def mae(y: ArrayLike, scores: ArrayLike) -> float:
    """Mean absolute error in units of the targets; always defined. Args and Raises as `spearman`."""
    targets, values = pair(y, scores, binary_y=False, binary_values=False)
    return float(np.mean(np.abs(targets - values)))


def compute(
    metric_id: str, y: ArrayLike, values: ArrayLike, *, train_range: tuple[float, float] | None = None
) -> float:
    """Evaluate a metric by id.

    Args:
        metric_id: A key of `METRICS`.
        y: Targets, ``(n,)``.
        values: 0/1 decisions for a decision metric, scores for any other, ``(n,)``.
        train_range: Smallest and greatest training target; needed by ``r_l2``, ignored by the others.

    Returns:
        The value, NaN where the metric is undefined.

    Raises:
        UsageError: If the metric is unknown.
        DataError: As the metric's own function, or if ``r_l2`` lacks the range.

    Example:
        >>> compute("f1", [1, 1, 0, 0], [1, 0, 1, 0])
        0.5
    """
    metric = METRICS[choice("metric", metric_id, METRICS)]
    if metric.kind is MetricKind.DECISION:
        return _decision_metric(metric_id, y, values)
    if metric_id == "r_l2":
        return r_l2(y, values, *score_range(train_range))
    return {"ap": average_precision, "auroc": auroc, "spearman": spearman, "mae": mae}[metric_id](y, values)
