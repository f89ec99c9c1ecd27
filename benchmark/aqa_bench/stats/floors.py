"""What a metric gives to a method that knows nothing, and the share of the rest that a method gains."""

from __future__ import annotations

from numpy.typing import ArrayLike

from aqa_bench.stats.checks import binary_array, choice
from aqa_bench.stats.metrics import METRICS, MetricKind

__all__ = ["floor", "skill"]


def floor(metric_id: str, y: ArrayLike) -> float | None:
    """Value of a metric reached without looking at the input.

    With ``p`` the share of errors: ``2p / (1 + p)`` for ``f1`` (everything is an error), the same of
    ``1 - p`` for ``f1_good`` (everything is good), ``max(p, 1 - p)`` for ``accuracy`` (the majority), 0.5 for
    ``balanced_accuracy`` and ``auroc``, ``p`` for ``ap``, 0 for ``mcc``.

    Args:
        metric_id: A key of `aqa_bench.stats.metrics.METRICS`.
        y: Targets of the test split, ``(n,)``; not looked at for a metric without a floor.

    Returns:
        The floor, or None for the metrics that have none: ``precision`` and ``recall`` (each is bought with
        the other) and those of real-valued targets.

    Raises:
        UsageError: If the metric is unknown.
        DataError: If the labels are empty or not 0/1.

    Example:
        >>> floor("f1", [1, 0, 0])
        0.5
    """
    choice("metric", metric_id, METRICS)
    if METRICS[metric_id].kind is MetricKind.REGRESSION or metric_id in ("precision", "recall"):
        return None
    p = float(binary_array("y", y).mean())
    return {
        "f1": 2 * p / (1 + p),
        "f1_good": 2 * (1 - p) / (2 - p),
        "accuracy": max(p, 1 - p),
        "balanced_accuracy": 0.5,
        "auroc": 0.5,
        "ap": p,
        "mcc": 0.0,
    }[metric_id]


def skill(score: float, floor: float | None) -> float | None:
    """Share of the way from the floor to perfection: ``(score - floor) / (1 - floor)``.

    Args:
        score: Value of a metric whose best is 1.
        floor: Its floor, or None.

    Returns:
        1 for a perfect score, 0 at the floor, negative below it, NaN for a NaN score; None without a floor or
        where the floor is 1.
    """
    if floor is None or floor == 1:
        return None
    return (score - floor) / (1 - floor)
