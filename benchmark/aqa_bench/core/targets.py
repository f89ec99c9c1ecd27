"""Labels of any dataset, checked once, before anything is fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.task import Task, TaskKind

__all__ = ["UnfitLabel", "check_targets"]


class UnfitLabel(DataError):  # noqa: N818 - a state of a label, named as one speaks of it
    """A label that no method can be fitted with or judged by."""


def check_targets(dataset: Dataset, task: Task) -> None:
    """Check every label of a task.

    Raises:
        UnfitLabel: A sample has none, or one that is no finite number, or, unless the task is a score, is
            neither 0 nor 1.
    """
    where = f"{dataset.card.id} {task.id}"
    targets = dataset.targets(task.id)
    bare = [name for name in dataset.samples(task.id) if name not in targets]
    if bare:
        raise _unfit(where, bare[0], "a label for every sample", f"none ({len(bare)} samples without)")
    numbers = {name: _number(value) for name, value in targets.items()}
    for name, number in numbers.items():
        if not math.isfinite(number):
            expected = "a number" if task.kind is TaskKind.SCORE else "1 (error) or 0 (no error)"
            raise _unfit(where, name, expected, repr(targets[name]))
    if task.kind is not TaskKind.SCORE:
        _check_binary(where, numbers)


def _check_binary(where: str, numbers: Mapping[str, float]) -> None:
    odd = next((name for name, number in numbers.items() if number not in (0, 1)), None)
    if odd is not None:
        values = sorted({*numbers.values()})
        shown = ", ".join(f"{value:g}" for value in values[:5]) + (", ..." if len(values) > 5 else "")
        found = f"{numbers[odd]:g} (the labels of the task: {shown})"
        raise _unfit(where, odd, "1 (error) or 0 (no error)", found)


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _unfit(where: str, sample: str, expected: str, found: str) -> UnfitLabel:
    return UnfitLabel(
        "A label cannot be used.",
        where=f"{where}, sample {sample}",
        expected=expected,
        found=found,
        remedy="Correct the labels, or the plug-in's targets(); no method has been fitted.",
    )
