"""How sure the order of a board is: each row against the next one, paired."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE, RowKind
from aqa_bench.core.seeds import data_seed
from aqa_bench.stats.paired import Difference, paired_difference
from aqa_bench.stats.scoring import TaskScores, collect

__all__ = ["METRICS", "neighbours"]

METRICS = ("auroc", "f1")
RESAMPLES = 4000

Step = tuple[Row, Row, tuple[Difference, ...]]


def neighbours(board: Board, dataset: Dataset, runs: Sequence[SubmittedRun]) -> list[Step]:
    """Rows by falling AUROC, each with the next one and what sets them apart in AUROC and F1.

    One row stands for all that never look: always error. Rows on other samples are left out.

    Args:
        board: A binary board.
        dataset: The dataset that it is of.
        runs: The runs behind it.
    """
    by_id = {run.record.run_id: run for run in runs}
    rows = [
        row
        for row in board.rows
        if row.kind is RowKind.MEASURED
        and row.scored == board.samples
        and row.method not in ("prior", "duration")
    ]
    rows.sort(key=lambda row: (-(row.secondary.get("auroc") or 0.0), row.method, row.recipe, row.variant))
    targets = dataset.targets(board.task)
    groups = {name: sample.group for name, sample in dataset.samples(board.task).items()}
    scored = [_scores(board, dataset, [by_id[name] for name in row.runs], targets, groups) for row in rows]
    steps: list[Step] = []
    for i in range(len(rows) - 1):
        (a, seeds_a), (b, seeds_b) = scored[i], scored[i + 1]
        differences = tuple(
            paired_difference(
                metric,
                a[0].targets,
                _columns(a, metric),
                _columns(b, metric),
                groups=a[0].groups,
                column_seeds_a=seeds_a,
                column_seeds_b=seeds_b,
                over="both",
                n_resamples=RESAMPLES,
                rng_seed=data_seed(board.dataset, "bootstrap"),
            )
            for metric in METRICS
        )
        steps.append((rows[i], rows[i + 1], differences))
    return steps


def _scores(
    board: Board,
    dataset: Dataset,
    runs: Sequence[SubmittedRun],
    targets: dict[str, float],
    groups: dict[str, str],
) -> tuple[list[TaskScores], npt.NDArray[np.int64]]:
    found = []
    for run in runs:
        table = read_predictions(run.folder / PREDICTIONS_FILE)
        found.append(
            collect(
                table[table["task"] == board.task],
                targets,
                groups,
                kind=dataset.card.task(board.task).kind,
                decision=run.record.decision,
                primary=board.primary,
                where=run.path,
            )
        )
    seeds = [number for number, scores in enumerate(found) for _ in range(scores.scores.shape[1])]
    return found, np.array(seeds)


def _columns(parts: Sequence[TaskScores], metric: str) -> npt.NDArray[np.float64]:
    return np.hstack([part.values(metric) for part in parts])
