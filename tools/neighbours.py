"""How sure the order of a board is: each row against the next one, paired."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from aqa_bench.boards.assemble import board_inputs
from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.row_scores import join_runs, run_files
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.record import RowKind
from aqa_bench.core.seeds import data_seed
from aqa_bench.stats.paired import Difference, paired_difference

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
    inputs = board_inputs(dataset, dataset.card.task(board.task), dataset.card.scheme(board.scheme))
    scored = [(row, *join_runs(inputs, [run_files(by_id[name]) for name in row.runs])) for row in rows]
    return [
        (
            row,
            following,
            tuple(
                paired_difference(
                    metric,
                    a.targets,
                    a.values(metric),
                    b.values(metric),
                    groups=a.groups,
                    column_seeds_a=seeds_a,
                    column_seeds_b=seeds_b,
                    over="both",
                    n_resamples=RESAMPLES,
                    rng_seed=data_seed(board.dataset, "bootstrap"),
                )
                for metric in METRICS
            ),
        )
        for (row, a, seeds_a), (following, b, seeds_b) in pairwise(scored)
    ]
