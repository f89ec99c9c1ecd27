"""Learning curves: what a row's test score is when fewer clips are labelled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from aqa_bench.boards.model import Board, Row
from aqa_bench.core.record import RowKind
from aqa_bench.core.schemes import LABEL_COUNTS

__all__ = ["Curve", "TaskCurves", "learning_curves"]

METRIC = "auroc"


@dataclass(frozen=True)
class Curve:
    """One row at several numbers of labels.

    Attributes:
        method: Method id.
        recipe: Name of the recipe.
        variant: What sets it apart from other rows of the recipe.
        control: Whether it is a floor or a shortcut control.
        oracle: Whether it reads exact data of what it judges.
        labels: Numbers of labelled training clips, ascending.
        values: AUROC at each of them: mean over seeds and draws of the clips.
    """

    method: str
    recipe: str
    variant: str
    control: bool
    oracle: bool
    labels: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class TaskCurves:
    """The curves of one task, the best at its greatest number of labels first."""

    task: str
    question: str
    curves: tuple[Curve, ...]


def learning_curves(boards: Sequence[Board]) -> list[TaskCurves]:
    """Curves of every task that has boards of the schemes ``labels-N``.

    A row needs two numbers of labels to be a curve. The same test samples stand behind all of them.

    Args:
        boards: Boards of one dataset.
    """
    by_task: dict[str, list[Board]] = defaultdict(list)
    for board in boards:
        if board.scheme in LABEL_COUNTS:
            by_task[board.task].append(board)
    return [
        TaskCurves(task, members[0].question, curves)
        for task, members in by_task.items()
        if (curves := _curves(members))
    ]


def _curves(boards: Sequence[Board]) -> tuple[Curve, ...]:
    points: dict[tuple[str, str, str], list[tuple[int, Row]]] = defaultdict(list)
    for board in sorted(boards, key=lambda board: LABEL_COUNTS[board.scheme]):
        for row in board.rows:
            if row.kind is RowKind.MEASURED and row.secondary.get(METRIC) is not None:
                points[row.method, row.recipe, row.variant].append((LABEL_COUNTS[board.scheme], row))
    curves = [
        Curve(
            method,
            recipe,
            variant,
            rows[0][1].control,
            bool(rows[0][1].oracle),
            tuple(count for count, _ in rows),
            tuple(row.secondary[METRIC] or 0.0 for _, row in rows),
        )
        for (method, recipe, variant), rows in points.items()
        if len(rows) > 1
    ]
    return tuple(sorted(curves, key=lambda curve: (-curve.values[-1], curve.method, curve.recipe)))
