"""The result table as Pose Trainer's notebooks print it, their swapped class names included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_fscore_support

from aqa_bench.core.errors import UsageError

__all__ = ["ReportRow", "published_report", "published_rows"]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of the table.

    Attributes:
        name: ``correct``, ``incorrect`` or ``avg / total``, as printed.
        precision: In [0, 1]; 0 where nothing was predicted to be of the class.
        recall: In [0, 1]; 0 where the class has no clip.
        f1: In [0, 1].
        support: Clips of the class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def published_rows(y_true_good: npt.ArrayLike, y_pred_good: npt.ArrayLike) -> tuple[ReportRow, ...]:
    """Precision, recall and F1 of both classes under the names that the notebooks give them.

    The notebooks label good clips 1 and bad clips 0, but name the classes ``correct, incorrect`` in this
    order: the row called ``correct`` describes the **bad** clips and the row called ``incorrect`` the good
    ones. The last row is the mean weighted by support.

    Args:
        y_true_good: ``(n,)``; true where the clip is good.
        y_pred_good: ``(n,)``; true where the clip is predicted to be good.

    Raises:
        UsageError: The inputs are empty or differ in length.

    Example:
        >>> [(row.name, row.support) for row in published_rows([0, 0, 1], [0, 0, 1])]
        [('correct', 2), ('incorrect', 1), ('avg / total', 3)]
    """
    truth = np.asarray(y_true_good, dtype=bool)
    predicted = np.asarray(y_pred_good, dtype=bool)
    if truth.ndim != 1 or not truth.size or truth.shape != predicted.shape:
        raise UsageError(
            "Labels and predictions do not match.",
            expected="(n,) each, n >= 1",
            found=f"{truth.shape} and {predicted.shape}",
        )
    precision, recall, f1, support = (
        np.asarray(column)
        for column in precision_recall_fscore_support(truth, predicted, labels=[False, True], zero_division=0)
    )
    weights = support / support.sum()
    classes = (
        ReportRow(name, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
        for i, name in enumerate(("correct", "incorrect"))
    )
    total = ReportRow(
        "avg / total",
        float(precision @ weights),
        float(recall @ weights),
        float(f1 @ weights),
        int(support.sum()),
    )
    return (*classes, total)


def published_report(y_true_good: npt.ArrayLike, y_pred_good: npt.ArrayLike) -> str:
    """The rows of :func:`published_rows` as text, two decimals a number.

    Args:
        y_true_good: ``(n,)``; true where the clip is good.
        y_pred_good: ``(n,)``; true where the clip is predicted to be good.

    Raises:
        UsageError: The inputs are empty or differ in length.
    """
    lines = [f"{'':>11}  precision  recall    f1  support"]
    lines += [
        f"{row.name:>11}  {row.precision:9.2f}  {row.recall:6.2f}  {row.f1:4.2f}  {row.support:7d}"
        for row in published_rows(y_true_good, y_pred_good)
    ]
    return "\n".join(lines)
