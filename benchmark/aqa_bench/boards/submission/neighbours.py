"""Do two runs predict the same that cannot? Copies of rivals and of controls, one run as several seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.core.errors import DataError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE
from aqa_bench.core.registry import methods

__all__ = ["check_neighbours"]

Vector = npt.NDArray[np.float64]
Keys = tuple[tuple[str, str], ...]

_EQUAL = 1e-6
# Among the first 631 runs no two contenders agree in more than 0.3 of their scores or rank samples more alike
# than 0.90; two seeds of one row reach 0.42 and 0.984. The limits lie in the gap above.
_MOST_EQUAL = {"other": 0.5, "seed": 0.9}
_MOST_ALIKE = {"other": 0.995, "seed": 0.999}
_FEWEST_RANKS = 20
_COPY = "a method's predictions are its own"
_SEEDS = "two seeds do not predict the same"


@dataclass(frozen=True)
class _Tested:
    """A run's test scores of one task, in one order for all runs, and their ranks within each split."""

    run: SubmittedRun
    keys: Keys
    scores: Vector
    ranks: Vector


def check_neighbours(
    new: Sequence[SubmittedRun], earlier: Sequence[SubmittedRun]
) -> Iterator[Problem | SubmittedRun]:
    """Compare the test scores of new runs with those of all others of their boards.

    Runs of other methods are compared, but controls with one another: floors of one kind (a constant, the
    prior of the training labels, the length of clips that are all alike) are equal by their nature, and
    nobody gains by calling one another. A contender that equals a control is one under another name. Seeds
    of one row are compared where the method draws anything.

    Args:
        new: The new runs.
        earlier: Runs that were accepted before.

    Yields:
        A problem for every run that is too near to another one; the run itself where it was compared.
    """
    boards: dict[tuple[str, str, str], list[SubmittedRun]] = defaultdict(list)
    for run in (*earlier, *new):
        for task in run.record.tasks:
            boards[run.record.dataset, run.record.scheme, task].append(run)
    fresh = {run.path for run in new}
    told: set[str] = set()
    for (_, _, task), runs in boards.items():
        if not any(run.path in fresh for run in runs):
            continue
        tested = [found for run in runs if (found := _tested(run, task)) is not None]
        for place, one in enumerate(tested):
            # Accepted runs come first, so that each pair is looked at from its newer side.
            if one.run.path not in fresh:
                continue
            yield one.run
            if one.run.path in told:
                continue
            problem = _nearest(one, tested[:place])
            if problem is not None:
                told.add(one.run.path)
                yield problem


def _nearest(one: _Tested, others: Sequence[_Tested]) -> Problem | None:
    groups: dict[str, list[_Tested]] = defaultdict(list)
    for other in others:
        if (relation := _relation(one.run, other.run)) is not None:
            groups[relation].append(other)
    for relation, members in groups.items():
        for other, equal, alike in _compared(one, members):
            if equal > _MOST_EQUAL[relation] or alike > _MOST_ALIKE[relation]:
                told = f"{equal:.1%} of the scores within {_EQUAL:g}, ranks alike to {alike:.4f}"
                return Problem(
                    path=f"{one.run.path}/{PREDICTIONS_FILE}",
                    rule=_COPY if relation == "other" else _SEEDS,
                    expected=f"predictions that differ from {other.run.path}",
                    found=told,
                )
    return None


def _relation(one: SubmittedRun, other: SubmittedRun) -> str | None:
    """``other`` method, another ``seed`` of the same, or None where equal predictions say nothing."""
    a, b = one.record, other.record
    if a.method != b.method:
        return None if a.control and b.control else "other"
    plugin = methods().get(a.method)
    draws = plugin is None or plugin.card.stochastic
    return "seed" if a.seed != b.seed and draws and not a.members and not b.members else None


def _compared(one: _Tested, others: Sequence[_Tested]) -> Iterator[tuple[_Tested, float, float]]:
    """Share of equal scores, and correlation of the ranks within splits, for each other run."""
    same = [other for other in others if other.keys == one.keys]
    if same:
        scores, ranks = np.stack([o.scores for o in same]), np.stack([o.ranks for o in same])
        yield from zip(same, *_alike(one.scores, one.ranks, scores, ranks), strict=True)
    for other in others:
        if other.keys != one.keys and (shared := tuple(sorted({*one.keys} & {*other.keys}))):
            (scores, ranks), (theirs, their_ranks) = (_only(side, shared) for side in (one, other))
            (equal,), (alike,) = _alike(scores, ranks, theirs[None], their_ranks[None])
            yield other, equal, alike


def _only(side: _Tested, keys: Keys) -> tuple[Vector, Vector]:
    """A run's scores and ranks on some of its samples."""
    known = dict(zip(side.keys, side.scores.tolist(), strict=True))
    return _measured(np.array([known[key] for key in keys]), keys)


def _alike(
    scores: Vector, ranks: Vector, others: Vector, their_ranks: Vector
) -> tuple[list[float], list[float]]:
    equal = (np.abs(others - scores) <= _EQUAL).mean(axis=1)
    own, theirs = float(ranks @ ranks), np.einsum("ij,ij->i", their_ranks, their_ranks)
    # Whoever ranks nothing at all is alike to whoever does not either.
    both_flat = (own == 0) & (theirs == 0)
    scale = np.sqrt(own * theirs)
    alike = np.where(scale > 0, their_ranks @ ranks / np.where(scale > 0, scale, 1), both_flat)
    few = len(scores) - int((ranks == 0).sum()) < _FEWEST_RANKS
    return equal.tolist(), (np.where(both_flat | (not few), alike, 0.0)).tolist()


def _tested(run: SubmittedRun, task: str) -> _Tested | None:
    found = _scores(run.folder, task, run.record.predictions_sha256)
    return None if found is None else _Tested(run, *found)


@lru_cache(maxsize=4096)
def _scores(folder: Path, task: str, digest: str) -> tuple[Keys, Vector, Vector] | None:
    try:
        table = read_predictions(folder / PREDICTIONS_FILE)
    except DataError:
        # What cannot be read is told where it is read first.
        return None
    rows = table[(table["task"] == task) & (table["split"] == "test")].sort_values(["fold", "sample_id"])
    keys = tuple(rows[["fold", "sample_id"]].itertuples(index=False, name=None))
    return (keys, *_measured(rows["score"].to_numpy(dtype=np.float64), keys)) if keys else None


def _measured(scores: Vector, keys: Sequence[tuple[str, str]]) -> tuple[Vector, Vector]:
    """Scores, and their ranks within each split, centred there; ties of 1e-6 share a rank."""
    folds = [fold for fold, _ in keys]
    ranks = pd.Series(scores).round(6).groupby(folds).rank()
    return scores, (ranks - ranks.groupby(folds).transform("mean")).to_numpy()
