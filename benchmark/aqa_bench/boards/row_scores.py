"""Scores of one row of a board: the seeds of one method and recipe side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.cards import Decision
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.task import Task
from aqa_bench.stats.bootstrap import bootstrap_distribution, group_index
from aqa_bench.stats.evidence import Evidence, evidence
from aqa_bench.stats.scoring import N_RESAMPLES, TaskScores, collect

__all__ = ["BoardInputs", "RowScores", "RunFiles", "join_runs", "run_files", "score_row", "score_tables"]

Matrix = npt.NDArray[np.float64]
Tables = Sequence[tuple[pd.DataFrame, Sequence[str], Decision, str]]


@dataclass(frozen=True)
class BoardInputs:
    """What all rows of a board are scored with.

    Attributes:
        dataset: Id of the dataset.
        task: The task.
        primary: The metric that ranks.
        targets: Target by sample id.
        groups: Group by sample id.
        train_range: Smallest and greatest training target.
    """

    dataset: str
    task: Task
    primary: str
    targets: Mapping[str, float]
    groups: Mapping[str, str]
    train_range: tuple[float, float]


@dataclass(frozen=True)
class RunFiles:
    """A run of the row.

    Attributes:
        path: Its path below the submissions, for errors.
        folder: Its folder.
        tasks: Tasks that its predictions judge.
        decision: How its scores become decisions.
    """

    path: str
    folder: Path
    tasks: tuple[str, ...]
    decision: Decision


@dataclass(frozen=True)
class RowScores:
    """Scores of a row, one column per seed and repeat.

    Attributes:
        scores: Scores and decisions of the n samples that any run tests, ``(n, K)``.
        values: What the primary metric is computed from, ``(n, K)``.
        seeds: Number of the run of every column, ``(K,)``.
        evidence: The primary metric, spread over groups and seeds.
        distribution: The same on every resample of groups and seeds, ``(N_RESAMPLES,)``.
        stream: Stream of draws that are this row's own.
        predictions: Number of predictions of every run.
    """

    scores: TaskScores
    values: Matrix
    seeds: npt.NDArray[np.int64]
    evidence: Evidence
    distribution: Matrix
    stream: int
    predictions: tuple[int, ...]

    @property
    def value(self) -> float:
        """The primary metric; NaN where undefined."""
        return self.evidence.value


def score_row(board: BoardInputs, members: Sequence[RunFiles], stream: int) -> RowScores:
    """Score the runs of a row from their predictions.

    Args:
        board: What all rows have in common.
        members: The runs, which differ in their seed alone.
        stream: Stream that the resampled seeds are drawn from; as in ``bootstrap_distribution``.

    Raises:
        DataError: Predictions cannot be read, or name samples that the dataset does not have.
    """
    return score_tables(board, _tables(members), stream)


def join_runs(board: BoardInputs, members: Sequence[RunFiles]) -> tuple[TaskScores, npt.NDArray[np.int64]]:
    """Scores and decisions of a row without intervals.

    Args:
        board: What all rows have in common.
        members: The runs, which differ in their seed alone.

    Returns:
        The runs side by side, one column per seed and repeat, and the number of every column's run, ``(K,)``.

    Raises:
        DataError: As :func:`score_row`.
    """
    return _joined(board, _tables(members))


def run_files(run: SubmittedRun) -> RunFiles:
    """What is read of a submitted run."""
    return RunFiles(run.path, run.folder, tuple(run.record.tasks), run.record.decision)


def score_tables(board: BoardInputs, members: Tables, stream: int) -> RowScores:
    """Score the seeds of a row from tables of predictions.

    Args:
        board: What all rows have in common.
        members: For each seed its predictions, the tasks that they judge, how scores become decisions, and a
            name for errors.
        stream: As in :func:`score_row`.

    Raises:
        DataError: Predictions name samples that the dataset does not have.
    """
    joined, seeds = _joined(board, members)
    values = joined.values(board.primary)
    distribution = bootstrap_distribution(
        board.primary,
        joined.targets,
        values,
        groups=joined.groups,
        column_seeds=seeds,
        over="both",
        n_resamples=N_RESAMPLES,
        rng_seed=data_seed(board.dataset, "bootstrap"),
        train_range=board.train_range,
        seed_stream=stream,
    )
    spread = evidence(
        board.primary,
        joined.targets,
        values,
        groups=group_index(joined.groups, np.arange(len(joined.ids))),
        column_seeds=seeds,
        train_range=board.train_range,
    )
    predictions = tuple(len(table) for table, *_ in members)
    return RowScores(joined, values, seeds, spread, distribution, stream, predictions)


def _tables(members: Sequence[RunFiles]) -> Tables:
    return [
        (read_predictions(run.folder / PREDICTIONS_FILE), run.tasks, run.decision, run.path)
        for run in members
    ]


def _joined(board: BoardInputs, members: Tables) -> tuple[TaskScores, npt.NDArray[np.int64]]:
    task = board.task
    per_seed = [
        collect(
            table if tuple(tasks) == (task.id,) else table[table["task"] == task.id],
            board.targets,
            board.groups,
            kind=task.kind,
            decision=decision,
            primary=board.primary,
            where=where,
        )
        for table, tasks, decision, where in members
    ]
    seeds = np.concatenate([np.full(s.scores.shape[1], i) for i, s in enumerate(per_seed)])
    return _side_by_side(per_seed), seeds


def _side_by_side(parts: Sequence[TaskScores]) -> TaskScores:
    first = parts[0]
    if len(parts) == 1:
        return first
    ids = tuple(sorted({i for part in parts for i in part.ids}))
    if any(part.ids != ids for part in parts):
        known = {
            i: (t, g) for part in parts for i, t, g in zip(part.ids, part.targets, part.groups, strict=True)
        }
        parts = [_spread(part, ids) for part in parts]
        first = replace(
            parts[0],
            targets=np.array([known[i][0] for i in ids]),
            groups=np.array([known[i][1] for i in ids]),
        )
    return replace(
        first,
        scores=np.hstack([part.scores for part in parts]),
        decisions=np.hstack([part.decisions for part in parts]),
        thresholds={},
    )


def _spread(part: TaskScores, ids: tuple[str, ...]) -> TaskScores:
    """The same scores over more ids, NaN where this part has none."""
    at = [ids.index(i) for i in part.ids]

    def wide(matrix: Matrix) -> Matrix:
        full = np.full((len(ids), matrix.shape[1]), np.nan)
        full[at] = matrix
        return full

    return replace(part, ids=ids, scores=wide(part.scores), decisions=wide(part.decisions))
