"""Scoring a whole run: from its predictions and the dataset's targets to what its record says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from aqa_bench.core.cards import Decision
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.record import MetricValue, TaskCoverage
from aqa_bench.core.split import Scheme, Split
from aqa_bench.core.task import Task, TaskKind
from aqa_bench.stats.scoring import TaskScores, collect, evaluate, primary_floor, skill_over

__all__ = ["Scored", "primary_metric", "score_predictions", "task_scores"]


@dataclass(frozen=True)
class Scored:
    """What scoring adds to a record, a task."""

    thresholds: dict[str, dict[str, float]]
    coverage: dict[str, TaskCoverage]
    train_ranges: dict[str, tuple[float, float]]
    metrics: dict[str, dict[str, MetricValue]]
    floors: dict[str, float | None]
    skill: dict[str, float | None]


def primary_metric(task: Task, scheme: Scheme) -> str:
    """The metric that ranks methods on a task under a scheme."""
    return scheme.primary or task.primary


def task_scores(
    dataset: Dataset, task: Task, scheme: Scheme, predictions: pd.DataFrame, decision: Decision, where: str
) -> TaskScores:
    """A run's test predictions of one task, aligned with the targets."""
    targets = dataset.targets(task.id)
    groups = dict.fromkeys(targets, "") | {i: s.group for i, s in dataset.samples(task.id).items()}
    return collect(
        predictions[predictions["task"] == task.id],
        targets,
        groups,
        kind=task.kind,
        decision=decision,
        primary=primary_metric(task, scheme),
        where=where,
        strata=dataset.strata(task.id),
    )


def score_predictions(
    dataset: Dataset,
    tasks: Sequence[Task],
    scheme: Scheme,
    splits: Mapping[str, Sequence[Split]],
    predictions: pd.DataFrame,
    decision: Decision,
    where: str,
    *,
    n_resamples: int | None = None,
) -> Scored:
    """Every number of a record that follows from predictions and targets.

    Args:
        dataset: The dataset.
        tasks: Tasks that were judged.
        scheme: Split scheme.
        splits: Its splits, a task.
        predictions: The predictions table.
        decision: Where thresholds come from.
        where: Name of the run, for errors.
        n_resamples: Bootstrap resamples of the intervals; the record's where None.

    Raises:
        DataError: Predictions name unknown samples or samples that the splits do not test, or leave out
            in one fold what they score in another.
    """
    scored = Scored({}, {}, {}, {}, {}, {})
    resamples = {} if n_resamples is None else {"n_resamples": n_resamples}
    for task in tasks:
        _check_ids(predictions[predictions["task"] == task.id], splits[task.id], where)
        scores = task_scores(dataset, task, scheme, predictions, decision, where)
        train_range = _train_range(dataset, task, splits[task.id])
        primary = primary_metric(task, scheme)
        scored.metrics[task.id] = evaluate(
            scores, dataset=dataset.card.id, kind=task.kind, train_range=train_range, **resamples
        )
        scored.thresholds[task.id] = scores.thresholds
        scored.floors[task.id] = primary_floor(scores, primary)
        scored.skill[task.id] = skill_over(scored.metrics[task.id][primary].value, scored.floors[task.id])
        expected = {i for split in splits[task.id] for i in split.test}
        scored.coverage[task.id] = TaskCoverage(expected=len(expected), scored=len(scores.ids))
        if train_range is not None:
            scored.train_ranges[task.id] = train_range
    return scored


def _check_ids(predictions: pd.DataFrame, splits: Sequence[Split], where: str) -> None:
    allowed = {
        (s.id, part, i) for s in splits for part, ids in (("val", s.val), ("test", s.test)) for i in ids
    }
    rows = set(predictions[["fold", "split", "sample_id"]].itertuples(index=False, name=None))
    named = set(predictions["sample_id"])
    wanted = {row for row in allowed if row[2] in named}
    for odd, what in ((rows - allowed, "others"), (wanted - rows, "left out")):
        if odd:
            fold, part, name = min(odd)
            raise DataError(
                "Predictions do not follow the splits.",
                where=where,
                expected="exactly the ids of each fold's val and test parts",
                found=f"{len(odd)} {what}, e.g. {name} as {part} of {fold}",
                remedy="Repeat the run with --force.",
            )


def _train_range(dataset: Dataset, task: Task, splits: Sequence[Split]) -> tuple[float, float] | None:
    if task.kind is not TaskKind.SCORE:
        return None
    targets = dataset.targets(task.id)
    values = [targets[i] for i in splits[0].train]
    return min(values), max(values)
