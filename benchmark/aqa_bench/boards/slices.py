"""Where methods fail: results on thirds of the test samples, by what is measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.assemble import board_inputs
from aqa_bench.boards.documents import read_document
from aqa_bench.boards.model import Board, DatasetBoards, Row
from aqa_bench.boards.row_scores import join_runs, run_files
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.condition import Condition
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.files import pretty_json
from aqa_bench.core.record import RowKind
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.task import TaskKind
from aqa_bench.stats.bootstrap import bootstrap_distribution, mean_over_seeds, percentile_bounds
from aqa_bench.stats.floors import floor
from aqa_bench.stats.scoring import TaskScores
from aqa_bench.stats.weighted import weighted_metric

__all__ = [
    "SLICES_FILE",
    "DatasetSlices",
    "Part",
    "SlicedBoard",
    "SlicedRow",
    "read_slices",
    "slice_boards",
    "slices_files",
]

SLICES_FILE = "slices.json"
PARTS = 3
"""Parts of the samples, or of the errors among them, as equal as ties allow."""
MOST_ROWS = 7
"""Rows of a board that are split: the best one of each method, and its best oracle; no controls."""
RESAMPLES = 1000
_METRIC = "f1"
_DIGITS = 4

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Seeds = npt.NDArray[np.int64]
Scored = tuple[Row, TaskScores, Seeds]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Strict):
    """Samples of one third.

    Attributes:
        low: Smallest value of the condition in it.
        high: Greatest one.
        samples: Their number, clean ones included.
        positive: Errors among them.
        floor: F1 of always saying error.
    """

    low: float
    high: float
    samples: int
    positive: int
    floor: float | None


class SlicedRow(_Strict):
    """F1 of one row on every part, with 95% percentile intervals over groups and seeds.

    Attributes:
        method: Method id.
        recipe: Name of the recipe.
        variant: What sets it apart from other rows of the recipe.
        oracle: Whether it reads exact data of what it judges.
        values: Mean over seeds, one per part; None where undefined.
        low: Lower ends.
        high: Upper ends.
    """

    method: str
    recipe: str
    variant: str
    oracle: bool
    values: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class SlicedBoard(_Strict):
    """One board under one condition.

    Attributes:
        task: Task id.
        scheme: Split scheme.
        condition: The condition in words.
        unit: Unit of its values.
        of_errors: Whether parts are thirds of the errors, each beside all clean samples.
        parts: The parts, smallest values first.
        rows: The rows.
    """

    task: str
    scheme: str
    condition: str
    unit: str
    of_errors: bool
    parts: tuple[Part, ...]
    rows: tuple[SlicedRow, ...]


class DatasetSlices(_Strict):
    """All boards of a dataset under all conditions: the content of ``slices.json``."""

    version: str
    dataset: str
    boards: tuple[SlicedBoard, ...]


def slices_files(boards: DatasetBoards, dataset: Dataset, runs: Sequence[SubmittedRun]) -> dict[str, str]:
    """``slices.json`` of a dataset that measures conditions; empty for any other."""
    sliced = slice_boards(boards, dataset, runs)
    return {SLICES_FILE: pretty_json(sliced.model_dump(mode="json"))} if sliced.boards else {}


def read_slices(folder: Path) -> tuple[SlicedBoard, ...]:
    """The sliced boards of a leaderboard's folder; none where it has no ``slices.json``.

    Raises:
        DataError: The file cannot be read.
    """
    document = read_document(folder / SLICES_FILE, DatasetSlices)
    return () if document is None else document.boards


def slice_boards(boards: DatasetBoards, dataset: Dataset, runs: Sequence[SubmittedRun]) -> DatasetSlices:
    """Split the default scheme's boards of binary tasks by every condition of the dataset.

    Args:
        boards: The boards.
        dataset: The dataset that they were scored on.
        runs: The runs behind them.
    """
    by_id = {run.record.run_id: run for run in runs}
    scheme = dataset.card.schemes[0]
    found: list[SlicedBoard] = []
    for board in boards.boards:
        task = dataset.card.task(board.task)
        conditions = dataset.conditions(task.id)
        if board.scheme != scheme.id or task.kind is TaskKind.SCORE or not conditions:
            continue
        inputs = board_inputs(dataset, task, scheme)
        scored = [
            (row, *join_runs(inputs, [run_files(by_id[name]) for name in row.runs])) for row in _shown(board)
        ]
        if scored:
            found += (_slice(board, condition, scored) for condition in conditions)
    kept = tuple(board for board in found if board.parts)
    return DatasetSlices(version=boards.version, dataset=boards.dataset, boards=kept)


def _shown(board: Board) -> list[Row]:
    """The best row of every method, and its best oracle, of those scored on all samples; best first."""
    better = -1 if board.higher_is_better else 1
    rows = [
        row
        for row in board.rows
        if row.kind is RowKind.MEASURED
        and not row.control
        and row.value is not None
        and row.scored == board.samples
    ]
    best: dict[tuple[str, bool], Row] = {}
    for row in sorted(rows, key=lambda row: better * (row.value or 0.0)):
        best.setdefault((row.method, bool(row.oracle)), row)
    return list(best.values())[:MOST_ROWS]


def _slice(board: Board, condition: Condition, rows: Sequence[Scored]) -> SlicedBoard:
    """All rows are of the same samples, which the first one's scores name."""
    first = rows[0][1]
    y = first.targets
    measured = np.array([condition.values[name] for name in first.ids])
    masks = _masks(measured, y, of_errors=condition.of_errors)
    parts = [_part(measured, y, mask, of_errors=condition.of_errors) for mask in masks]
    sliced = []
    for row, scores, seeds in rows:
        values = [
            _interval(y[mask], scores.decisions[mask], first.groups[mask], seeds, board) for mask in masks
        ]
        sliced.append(
            SlicedRow(
                method=row.method,
                recipe=row.recipe,
                variant=row.variant,
                oracle=bool(row.oracle),
                values=tuple(value for value, _, _ in values),
                low=tuple(low for _, low, _ in values),
                high=tuple(high for _, _, high in values),
            )
        )
    return SlicedBoard(
        task=board.task,
        scheme=board.scheme,
        condition=condition.name,
        unit=condition.unit,
        of_errors=condition.of_errors,
        parts=tuple(parts),
        rows=tuple(sliced),
    )


def _masks(measured: Values, y: Values, *, of_errors: bool) -> list[Mask]:
    """Thirds by value, none empty; equal values stay together. Those of errors hold all clean samples too."""
    among = (y > 0) if of_errors else np.ones(len(y), bool)
    if not among.any():
        return []
    cuts = np.quantile(measured[among], np.arange(1, PARTS) / PARTS, method="higher")
    at = np.searchsorted(cuts, measured, side="right")
    return [
        (among & (at == part)) | (~among if of_errors else False)
        for part in range(PARTS)
        if (among & (at == part)).any()
    ]


def _part(measured: Values, y: Values, mask: Mask, *, of_errors: bool) -> Part:
    values = measured[mask & (y > 0)] if of_errors else measured[mask]
    return Part(
        low=round(float(values.min()), _DIGITS),
        high=round(float(values.max()), _DIGITS),
        samples=int(mask.sum()),
        positive=int(y[mask].sum()),
        floor=_rounded(floor(_METRIC, y[mask])),
    )


def _interval(
    y: Values, decisions: Values, groups: npt.NDArray[np.str_], seeds: Seeds, board: Board
) -> tuple[float | None, float | None, float | None]:
    once = weighted_metric(_METRIC, y, decisions, np.ones((1, len(y))))
    value = float(mean_over_seeds(once, seeds)[0])
    drawn = bootstrap_distribution(
        _METRIC,
        y,
        decisions,
        groups=groups,
        column_seeds=seeds,
        over="both",
        n_resamples=RESAMPLES,
        rng_seed=data_seed(board.dataset, "slices"),
    )
    low, high = percentile_bounds(value, drawn, 0.95)
    return _rounded(value), _rounded(low), _rounded(high)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), _DIGITS)
