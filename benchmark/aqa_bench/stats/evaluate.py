"""Every metric of a run's record at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aqa_bench.stats.checks import finite_array
from aqa_bench.stats.confusion import DECISION_METRICS
from aqa_bench.stats.metrics import auroc, average_precision, compute, mae, r_l2, spearman
from aqa_bench.stats.thresholds import FIXED_THRESHOLD

__all__ = ["evaluate_binary", "evaluate_scores"]


def evaluate_binary(y: ArrayLike, scores: ArrayLike, threshold: float) -> dict[str, float]:
    """Evaluate the scores of a binary task.

    Args:
        y: Labels 0 or 1 (1 = error), ``(n,)``.
        scores: Scores that grow with the belief in an error, ``(n,)``.
        threshold: Decision is error where ``score >= threshold``; tuned on validation data.

    Returns:
        The decision metrics at the threshold under their ids, the same at 0.5 under ``"<id>@0.5"``, then
        ``ap`` and ``auroc``. NaN where a metric is undefined.

    Raises:
        DataError: If an input is empty, not finite, the labels are not 0/1, or the lengths differ.
    """
    values = finite_array("scores", scores)
    cuts = (("", float(finite_array("threshold", threshold, ndim=0))), ("@0.5", FIXED_THRESHOLD))
    result = {
        f"{metric_id}{suffix}": compute(metric_id, y, (values >= cut).astype(np.float64))
        for suffix, cut in cuts
        for metric_id in DECISION_METRICS
    }
    return result | {"ap": average_precision(y, values), "auroc": auroc(y, values)}


def evaluate_scores(y: ArrayLike, scores: ArrayLike, train_range: tuple[float, float]) -> dict[str, float]:
    """Evaluate the scores of a task with real-valued targets.

    Args:
        y: Targets, ``(n,)``.
        scores: Predicted scores in the units of the targets, ``(n,)``.
        train_range: Smallest and greatest target of the training split.

    Returns:
        ``spearman`` (NaN on constant input), ``r_l2`` (times 100) and ``mae``.

    Raises:
        DataError: If an input is empty or not finite, the lengths differ, or the range is not increasing.
    """
    return {
        "spearman": spearman(y, scores),
        "r_l2": r_l2(y, scores, *train_range),
        "mae": mae(y, scores),
    }
