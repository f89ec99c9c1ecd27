"""Learning curves: what a row's test score is when fewer clips are labelled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.documents import read_document
from aqa_bench.boards.model import Board, DatasetBoards, Row
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, pretty_json
from aqa_bench.core.record import RowKind, RunRecord
from aqa_bench.core.schemes import LABEL_COUNTS

__all__ = [
    "CURVES_FILE",
    "Curve",
    "DatasetCurves",
    "TaskCurves",
    "curves_files",
    "is_point",
    "learning_curves",
    "read_curves",
]

CURVES_FILE = "curves.json"
METRIC = "auroc"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Curve(_Strict):
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


class TaskCurves(_Strict):
    """The curves of one task, the best at its greatest number of labels first."""

    task: str
    question: str
    curves: tuple[Curve, ...]


class DatasetCurves(_Strict):
    """The content of ``curves.json``."""

    version: str
    dataset: str
    tasks: tuple[TaskCurves, ...]


def curves_files(boards: DatasetBoards, dataset: Dataset, runs: Sequence[SubmittedRun]) -> dict[str, str]:
    """``curves.json`` of a dataset that was run with fewer labels; empty for any other."""
    curves = learning_curves(boards, dataset, runs)
    return {CURVES_FILE: pretty_json(curves.model_dump(mode="json"))} if curves.tasks else {}


def read_curves(folder: Path) -> tuple[TaskCurves, ...]:
    """The curves of a leaderboard's folder; none where it has no ``curves.json``.

    Raises:
        DataError: The file cannot be read.
    """
    document = read_document(folder / CURVES_FILE, DatasetCurves)
    return () if document is None else document.tasks


def learning_curves(boards: DatasetBoards, dataset: Dataset, runs: Sequence[SubmittedRun]) -> DatasetCurves:
    """Curves of every task that has boards of the schemes ``labels-N``.

    A row needs two numbers of labels to be a curve; the same test samples stand behind all of them. The
    default scheme is a point as well where one of ``labels-N`` has the same parts: those are the same runs.

    Args:
        boards: The boards.
        dataset: The dataset that they were scored on.
        runs: The runs behind them.
    """
    records = {run.record.run_id: run.record for run in runs}
    by_task: dict[str, list[tuple[int, Board]]] = defaultdict(list)
    for board in boards.boards:
        count = LABEL_COUNTS.get(board.scheme) or _whole(dataset, board)
        if count is not None:
            by_task[board.task].append((count, board))
    tasks = [
        TaskCurves(task=task, question=members[0][1].question, curves=curves)
        for task, members in by_task.items()
        if (curves := _curves(members, records))
    ]
    return DatasetCurves(version=boards.version, dataset=boards.dataset, tasks=tuple(tasks))


def is_point(board: Board) -> bool:
    """Whether the board is one of fewer labels, with values that a curve shows."""
    return board.scheme in LABEL_COUNTS and any(row.secondary.get(METRIC) is not None for row in board.rows)


def _whole(dataset: Dataset, board: Board) -> int | None:
    """The number of labels of a default scheme whose training part is that of the largest of ``labels-N``."""
    offered = [name for name in LABEL_COUNTS if any(scheme.id == name for scheme in dataset.card.schemes)]
    if not offered or board.scheme != dataset.card.schemes[0].id:
        return None
    try:
        largest = dataset.splits(board.task, offered[-1])
    except DataError:
        # The training part is smaller than that.
        return None
    own = dataset.splits(board.task, board.scheme)
    same = len(largest) == len(own) and {*largest[0].train} == {*own[0].train}
    return LABEL_COUNTS[offered[-1]] if same else None


def _curves(boards: Sequence[tuple[int, Board]], records: Mapping[str, RunRecord]) -> tuple[Curve, ...]:
    points: dict[str, dict[int, Row]] = defaultdict(dict)
    for count, board in sorted(boards, key=lambda pair: pair[0]):
        for row in board.rows:
            if row.kind is RowKind.MEASURED and row.secondary.get(METRIC) is not None:
                points[_settings(records[row.runs[0]])].setdefault(count, row)
    curves = []
    for rows in points.values():
        last = rows[max(rows)]
        if len(rows) > 1:
            curves.append(
                Curve(
                    method=last.method,
                    recipe=last.recipe,
                    variant=last.variant,
                    control=last.control,
                    oracle=bool(last.oracle),
                    labels=tuple(rows),
                    values=tuple(row.secondary[METRIC] or 0.0 for row in rows.values()),
                )
            )
    return tuple(sorted(curves, key=lambda curve: (-curve.values[-1], curve.method, curve.recipe)))


def _settings(record: RunRecord) -> str:
    """What runs of one curve have in common."""
    return canonical_json(
        [
            record.method,
            record.recipe,
            dict(record.hyperparameters),
            record.pool_dataset,
            record.shuffled_labels,
            None if record.keypoints is None else record.keypoints.told(),
        ]
    )
