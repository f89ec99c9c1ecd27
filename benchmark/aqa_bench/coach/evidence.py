"""How well a judge does where it was tested: from a board, a run's record, or a saved model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aqa_bench.boards.model import Board, Row
from aqa_bench.coach.assessment import Evidence
from aqa_bench.coach.judges import JudgeEntry
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.registry import find_dataset, open_dataset
from aqa_bench.front.board import committed_board
from aqa_bench.front.running import Run
from aqa_bench.protocol.saved.document import ModelDocument
from aqa_bench.stats.run_scores import primary_metric

__all__ = ["beats_floor", "evidence_of_model", "evidence_of_rules", "precision_and_recall"]

_MOST_THRESHOLDS = 50
_UNSURE = "Its interval includes the floor, so it is not shown to beat blind guessing."


def evidence_of_rules(entry: JudgeEntry, run: Run | None) -> Evidence | None:
    """The row of a method that needs no fit, on the committed board of its dataset.

    Args:
        entry: The judge.
        run: A run of it, where its dataset is here: for precision and recall at other thresholds, and where
            there is no board.

    Returns:
        None where there is neither board nor run.
    """
    card = find_dataset(entry.dataset)
    task, scheme = card.tasks[0], card.schemes[0]
    board = committed_board(None, card, task.id, scheme.id)
    row = None if board is None else _row(board[1], entry)
    value: float | None
    if board is not None and row is not None:
        metric, samples, floor = board[1].primary, row.scored, board[1].floor
        value, low, high = row.value, row.low, row.high
    elif run is not None:
        metric = primary_metric(task, scheme)
        measured = run.record.metrics[task.id][metric]
        value, low, high = measured.value, measured.low, measured.high
        samples, floor = run.record.coverage[task.id].scored, run.record.floors[task.id]
    else:
        return None
    if value is None:
        return None
    found = Evidence(
        task=task.id,
        name=entry.names.get(task.id, task.name),
        judge=entry.method,
        tested_on=entry.dataset,
        samples=samples or 0,
        metric=metric,
        value=value,
        low=low,
        high=high,
        floor=floor,
        warnings=list(entry.warnings),
    )
    return _finished(found if run is None else _with_curve(found, run))


def _row(board: Board, entry: JudgeEntry) -> Row | None:
    wanted = (entry.method, entry.recipe, "")
    return next((row for row in board.rows if (row.method, row.recipe, row.variant) == wanted), None)


def evidence_of_model(document: ModelDocument, warnings: Sequence[str], run: Run | None) -> list[Evidence]:
    """What a saved model says of its own test samples.

    Args:
        document: The model's.
        warnings: What to know besides.
        run: Its run, for precision and recall at other thresholds; None where it is not here.
    """
    found = []
    for saved in document.tasks:
        if saved.measured.value is None:
            continue
        one = Evidence(
            task=saved.task.id,
            name=saved.task.name,
            judge=document.run.method,
            tested_on=document.run.dataset,
            samples=saved.tested,
            metric=saved.primary,
            value=saved.measured.value,
            low=saved.measured.low,
            high=saved.measured.high,
            floor=saved.floor,
            warnings=list(warnings),
        )
        found.append(_finished(one if run is None else _with_curve(one, run)))
    return found


def beats_floor(evidence: Evidence, *, plainly: bool) -> bool:
    """Whether a judge is worth asking.

    Args:
        evidence: How it does.
        plainly: Whether its whole interval must lie above the floor, not its value alone.
    """
    reached = evidence.low if plainly else evidence.value
    return evidence.floor is None or (reached is not None and reached > evidence.floor)


def precision_and_recall(
    scores: npt.NDArray[np.float64], errors: npt.NDArray[np.bool_], thresholds: Sequence[float]
) -> tuple[list[float | None], list[float]]:
    """Precision and recall of errors at each threshold.

    Args:
        scores: ``(n,)``; from the threshold on a sample is called an error.
        errors: ``(n,)``: which are errors; at least one.
        thresholds: The thresholds.

    Returns:
        Precision, None where nothing is called an error; and recall.

    Example:
        >>> precision_and_recall(np.array([0.2, 0.6, 0.9]), np.array([False, False, True]), [0.5, 0.95])
        ([0.5, None], [1.0, 0.0])
    """
    precision: list[float | None] = []
    recall = []
    for threshold in thresholds:
        called = scores >= threshold
        right = int((called & errors).sum())
        precision.append(round(right / int(called.sum()), 4) if called.any() else None)
        recall.append(round(right / int(errors.sum()), 4))
    return precision, recall


def _with_curve(evidence: Evidence, run: Run) -> Evidence:
    try:
        known = open_dataset(run.record.dataset).targets(evidence.task)
        table = run.predictions
    except AqaBenchError:
        return evidence
    rows = table[(table["task"] == evidence.task) & (table["split"] == "test")]
    means = rows.groupby("sample_id")["score"].mean()
    means = means[means.index.isin(list(known))]
    scores = means.to_numpy(np.float64)
    errors = np.array([known[name] == 1 for name in means.index])
    if not errors.any() or errors.all():
        return evidence
    levels = np.unique(np.quantile(scores, np.linspace(0, 1, _MOST_THRESHOLDS)))
    thresholds = [float(level) for level in levels]
    precision, recall = precision_and_recall(scores, errors, thresholds)
    return evidence.model_copy(update={"thresholds": thresholds, "precision": precision, "recall": recall})


def _finished(evidence: Evidence) -> Evidence:
    if beats_floor(evidence, plainly=True) or not beats_floor(evidence, plainly=False):
        return evidence
    return evidence.model_copy(update={"warnings": [*evidence.warnings, _UNSURE]})
