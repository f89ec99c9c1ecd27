"""How well pre-training solved its own task: what the runs of a row recorded on clips that were held out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

from aqa_bench.boards.model import PretextSuccess
from aqa_bench.core.record import RunRecord

__all__ = ["pretexts_of"]

_QUESTION = re.compile(r"([a-z][a-z0-9_]{0,39})_accuracy")
_BEFORE = "initial_"
_OWN_CLIPS = "the pre-training's own clips"
_NAMES = {
    "triplet_accuracy": "triplets",
    "pretext_accuracy": "exercises",
    "accuracy": "attributes of dives",
    "reconstruction_l1": "reconstruction error",
}
_HALF = "triplets"
"""Of two candidates one is right: guessing is right half of the time, whatever was recorded."""
_DIGITS = 6


def pretexts_of(records: Sequence[RunRecord]) -> tuple[PretextSuccess, ...]:
    """Success at the pretext's own questions, each a mean over the runs that recorded it.

    Read from a record's facts: ``<question>_accuracy``, ``initial_<question>_accuracy`` for before the first
    step and ``<question>_chance`` for guessing. Triplets of images count at the gap that they were trained
    with, and only for methods that train on triplets: the others sit the same exam, but it is not their task.
    Runs that watched the clips that they learnt from have recorded no success.

    Args:
        records: Records of one row's runs.
    """
    found: dict[str, list[PretextSuccess]] = {}
    for record in records:
        for success in _of(record):
            found.setdefault(success.task, []).append(success)
    return tuple(
        PretextSuccess(
            task=task,
            before=_mean(success.before for success in each),
            after=round(fmean(success.after for success in each), _DIGITS),
            chance=_mean(success.chance for success in each),
        )
        for task, each in sorted(found.items())
    )


def _of(record: RunRecord) -> Iterator[PretextSuccess]:
    facts = record.facts
    if facts.get("watched") == _OWN_CLIPS:
        return
    for fact, task in _own_tasks(record):
        after, before = _figure(facts.get(fact)), _figure(facts.get(_BEFORE + fact))
        if after is not None:
            stem, is_accuracy, _ = fact.rpartition("accuracy")
            told = _figure(facts.get(f"{stem}chance")) if is_accuracy else None
            chance = 0.5 if task == _HALF else told
            yield PretextSuccess(task=task, before=before, after=after, chance=chance)


def _own_tasks(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Names of the facts, and of the tasks that they tell of."""
    facts, recipe = record.facts, record.hyperparameters
    for fact in facts:
        question = _QUESTION.fullmatch(fact)
        if fact in _NAMES and (_BEFORE + fact in facts or fact == "pretext_accuracy"):
            yield fact, _NAMES[fact]
        elif question and _BEFORE + fact in facts:
            yield fact, question[1].replace("_", " ")
    gap = recipe.get("gap")
    if "triplets" in recipe and isinstance(gap, int | float):
        yield f"triplet_accuracy_{gap:g}", "triplets"


def _figure(value: object) -> float | None:
    """A share, or an error of pictures, in [0, 1]; records come from anybody, so nothing else is shown."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return round(fmean(there), _DIGITS) if there else None
