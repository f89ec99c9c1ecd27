"""From predictions and targets to a task's metrics: the one place where a run is scored.

A metric is computed on the pooled test scores of the folds of each repeat and averaged over
repeats, with one threshold per fold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from aqa_bench.core.cards import Decision
from aqa_bench.core.errors import DataError
from aqa_bench.core.record import MetricValue
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.task import TaskKind
from aqa_bench.stats.bootstrap import bootstrap, point_value
from aqa_bench.stats.floors import floor, skill
from aqa_bench.stats.fold_thresholds import tune_folds
from aqa_bench.stats.thresholds import FIXED_THRESHOLD
from aqa_bench.stats.within import SPEARMAN_WITHIN, spearman_within_interval

__all__ = [
    "AT_FIXED",
    "N_RESAMPLES",
    "TaskScores",
    "collect",
    "evaluate",
    "metric_ids",
    "primary_floor",
    "skill_over",
    "tuned_for",
]

N_RESAMPLES = 10_000
"""Bootstrap resamples of every interval."""

_DECISIONS = ("f1", "f1_good", "accuracy", "balanced_accuracy", "mcc", "precision", "recall")
_RANKINGS = ("ap", "auroc")
_SCORES = ("spearman", "r_l2", "mae")
AT_FIXED = "@0.5"
"""Ends the id of a decision metric at the method's own decision."""
_FOLD = re.compile(r"r(\d+)f\d+", re.ASCII)

Matrix = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TaskScores:
    """A run's test predictions of one task, aligned.

    Attributes:
        ids: The n sample ids that any repeat tests, sorted.
        targets: ``(n,)``.
        groups: ``(n,)`` group names.
        scores: ``(n, R)``, a column a repeat; NaN where the repeat does not test the sample.
        decisions: ``(n, R)``, 1 where the score reaches its fold's threshold; NaN as in scores.
        thresholds: Threshold a fold.
        strata: ``(n,)`` stratum names of a score task whose dataset has strata, else None.
    """

    ids: tuple[str, ...]
    targets: Matrix
    groups: npt.NDArray[np.str_]
    scores: Matrix
    decisions: Matrix
    thresholds: dict[str, float]
    strata: npt.NDArray[np.str_] | None = None

    def values(self, metric: str) -> Matrix:
        """The matrix that a metric id (with or without ``@0.5``) is computed from."""
        if metric.endswith(AT_FIXED):
            return _decide(self.scores, np.full_like(self.scores, FIXED_THRESHOLD))
        return self.decisions if metric in _DECISIONS else self.scores


def metric_ids(kind: TaskKind, *, stratified: bool = False) -> tuple[str, ...]:
    """Ids of all metrics that a record holds for a kind of task, in a dataset with or without strata."""
    if kind is TaskKind.SCORE:
        return (*_SCORES, SPEARMAN_WITHIN) if stratified else _SCORES
    return (*_DECISIONS, *_RANKINGS, *(name + AT_FIXED for name in _DECISIONS))


def tuned_for(primary: str) -> str:
    """The decision metric that val thresholds maximise when ``primary`` ranks methods."""
    return primary if primary in ("accuracy", "balanced_accuracy") else "f1"


def collect(
    predictions: pd.DataFrame,
    targets: Mapping[str, float],
    groups: Mapping[str, str],
    *,
    kind: TaskKind,
    decision: Decision,
    primary: str,
    where: str,
    strata: Mapping[str, str] | None = None,
) -> TaskScores:
    """Align one task's predictions with its targets and fix the thresholds.

    Args:
        predictions: The task's rows of the predictions table.
        targets: Target a sample id.
        groups: Group a sample id.
        kind: Kind of the task.
        decision: Whether thresholds are tuned on val or are the method's own. Folds without val
            samples of both classes use 0.5.
        primary: The metric that ranks methods.
        where: Name of the run, for errors.
        strata: Stratum a sample id; none where empty or None.

    Raises:
        DataError: A predicted id has no target, a fold has no proper name, or there are no test predictions.
    """
    samples = predictions["sample_id"].tolist()
    unknown = sorted(set(samples) - targets.keys())
    if unknown:
        raise DataError(
            "Predictions name samples that the dataset does not have.",
            where=where,
            expected="the sample ids of the release",
            found=f"{len(unknown)} unknown, e.g. {unknown[0]}",
            remedy="Check that the run and the available data have the same fingerprint.",
        )
    fold_names, parts = (tuple(predictions[name].tolist()) for name in ("fold", "split"))
    if "test" not in parts:
        raise DataError(
            "There are no test predictions.", where=where, expected="rows with split=test", found="none"
        )
    for name in set(fold_names):
        if not _FOLD.fullmatch(name):
            raise DataError(
                "Predictions name a fold that does not exist.",
                where=where,
                expected="r<repeat>f<fold>",
                found=name,
            )
    ids, folds, fold, test, val, at = _layout(tuple(samples), fold_names, parts)
    y = np.array([targets[name] for name in samples], dtype=np.float64)
    given = predictions["score"].to_numpy(dtype=np.float64)
    repeats = int(at[1].max()) + 1
    scores, cuts = (np.full((len(ids), repeats), np.nan) for _ in range(2))
    scores[at] = given[test]
    thresholds: dict[str, float] = {}
    if kind is not TaskKind.SCORE:
        values = np.full(len(folds), FIXED_THRESHOLD)
        if decision is Decision.TUNED:
            values = tune_folds(y[val], given[val], fold[val], len(folds), tuned_for(primary))
        cuts[at] = values[fold[test]]
        thresholds = dict(zip(folds, values.tolist(), strict=True))
    return TaskScores(
        ids=ids,
        targets=np.array([targets[i] for i in ids], dtype=np.float64),
        groups=np.array([groups[i] for i in ids]),
        scores=scores,
        decisions=_decide(scores, cuts),
        thresholds=thresholds,
        strata=np.array([strata[i] for i in ids]) if strata else None,
    )


def evaluate(
    scores: TaskScores,
    *,
    dataset: str,
    kind: TaskKind,
    train_range: tuple[float, float] | None = None,
    n_resamples: int = N_RESAMPLES,
) -> dict[str, MetricValue]:
    """Every metric of a task with its 95% interval over groups.

    The resamples depend on the dataset and not on the method, so intervals of two methods are paired. With
    no resamples there are no intervals, at a tenth of the cost.
    """
    values: dict[str, MetricValue] = {}
    for metric in metric_ids(kind):
        if n_resamples == 0:
            values[metric] = MetricValue(
                value=_finite(
                    point_value(
                        metric.removesuffix(AT_FIXED),
                        scores.targets,
                        scores.values(metric),
                        train_range=train_range,
                    )
                )
            )
            continue
        interval = bootstrap(
            metric.removesuffix(AT_FIXED),
            scores.targets,
            scores.values(metric),
            groups=scores.groups,
            over="groups",
            n_resamples=n_resamples,
            rng_seed=data_seed(dataset, "bootstrap"),
            train_range=train_range,
        )
        values[metric] = MetricValue(
            value=_finite(interval.value), low=_finite(interval.low), high=_finite(interval.high)
        )
    if scores.strata is not None and kind is TaskKind.SCORE:
        interval = spearman_within_interval(
            scores.targets,
            scores.scores,
            scores.strata,
            groups=scores.groups,
            n_resamples=max(n_resamples, 1),
            rng_seed=data_seed(dataset, "bootstrap"),
        )
        values[SPEARMAN_WITHIN] = MetricValue(
            value=_finite(interval.value), low=_finite(interval.low), high=_finite(interval.high)
        )
    return values


def primary_floor(scores: TaskScores, primary: str) -> float | None:
    """The trivial value of the primary metric, averaged over repeats; None where there is none."""
    tested = ~np.isnan(scores.scores)
    floors = [floor(primary, scores.targets[tested[:, r]]) for r in range(tested.shape[1])]
    known = [value for value in floors if value is not None]
    return float(np.mean(known)) if known else None


def skill_over(value: float | None, base: float | None) -> float | None:
    """(value - floor) / (1 - floor), or None where either is unknown."""
    return None if value is None or base is None else skill(value, base)


class _Layout(NamedTuple):
    """Where the rows of a predictions table belong: alike for all runs on the same splits."""

    ids: tuple[str, ...]
    folds: tuple[str, ...]
    fold: Index
    test: Index
    val: Index
    at: tuple[Index, Index]


@lru_cache(maxsize=16)
def _layout(samples: tuple[str, ...], fold: tuple[str, ...], part: tuple[str, ...]) -> _Layout:
    parts = np.array(part, dtype=object)
    test, val = np.flatnonzero(parts == "test"), np.flatnonzero(parts == "val")
    folds = tuple(sorted(set(fold)))
    place = {name: i for i, name in enumerate(folds)}
    fold_of = np.array([place[name] for name in fold])
    repeat = np.array([int(name[1:].partition("f")[0]) for name in folds])
    column = np.unique(repeat[fold_of[test]], return_inverse=True)[1]
    ids = tuple(sorted({samples[i] for i in test}))
    row = {name: i for i, name in enumerate(ids)}
    rows = np.array([row[samples[i]] for i in test])
    return _Layout(ids, folds, fold_of, test, val, (rows, column))


def _decide(scores: Matrix, thresholds: Matrix) -> Matrix:
    return np.where(np.isnan(scores), np.nan, (scores >= thresholds).astype(np.float64))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
