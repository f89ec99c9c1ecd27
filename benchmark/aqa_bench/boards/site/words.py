"""Ids in a reader's words: datasets, exercises, tasks and what guessing means for a metric."""

from __future__ import annotations

import re
from math import ceil, log10

from aqa_bench.boards.curves import Curve
from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.slices import SlicedRow
from aqa_bench.core.registry import known_dataset
from aqa_bench.core.task import Unit

__all__ = [
    "cited",
    "dataset_name",
    "entry_name",
    "exercise",
    "guessing",
    "lowered",
    "samples_name",
    "span",
    "task_name",
    "value",
]

_UNITS = {Unit.CLIP: "clips", Unit.IMAGE: "images", Unit.SEQUENCE: "clips"}
_GUESSING = {
    "f1": "always saying error",
    "accuracy": "always giving the more common answer",
    "auroc": "tossing a coin",
}


def cited(source: str) -> str:
    """A citation in two words, so that a paper's "ours" is not taken for this project's; empty if unclear.

    >>> cited("Parmar, Gharat and Rhodin: Representations for Workouts. ECCV 2022. Table 6.")
    'Parmar 2022'
    """
    found = re.match(r"([\w-]+)(?:,| and | et al\.).*?: .*?\b((?:19|20)\d\d)\b", source)
    return " ".join(found.groups()) if found else ""


def dataset_name(dataset: str) -> str:
    """A dataset as its card names it: ``Synthetic gym: back squat (study)``; its id where it is not known."""
    card = known_dataset(dataset)
    return dataset if card is None else card.name


def exercise(dataset: str) -> str:
    """The exercise of a dataset, by which boards are grouped: ``Back squat``, ``Diving``.

    >>> exercise("somebody/else's-squats@small")
    "Else's squats"
    """
    name = dataset.partition("@")[0]
    card = known_dataset(name)
    if card is None or ": " not in card.name:
        name = name.rpartition("/")[2].replace("-", " ")
    else:
        name = card.name.partition(": ")[2]
    return name[:1].upper() + name[1:]


def lowered(name: str) -> str:
    """A name inside a sentence: its first letter small.

    >>> lowered("Is the form bad?")
    'is the form bad?'
    """
    return name[:1].lower() + name[1:]


def task_name(dataset: str, task: str) -> str:
    """A task in words: ``Knees inward``; its id where the dataset is not known."""
    card = known_dataset(dataset)
    return next((each.name for each in card.tasks if each.id == task), task) if card else task


def samples_name(board: Board) -> str:
    """What one sample of a board is, as a plural: ``clips``, ``images``."""
    card = known_dataset(board.dataset)
    tasks = card.tasks if card else ()
    return next((_UNITS[task.unit] for task in tasks if task.id == board.task), "samples")


def guessing(metric: str) -> str:
    """What earns the floor of a metric without a look at the sample."""
    return _GUESSING.get(metric, "guessing")


def recipe_name(row: Row | Curve | SlicedRow) -> str:
    """A recipe and, where recipes share a name, what sets it apart."""
    return " ".join(filter(None, (row.recipe, f"({row.variant})" if row.variant else "")))


def entry_name(row: Row | Curve | SlicedRow) -> str:
    """A method with its recipe, as :func:`recipe_name` tells it."""
    return " ".join(filter(None, (row.method, recipe_name(row))))


def value(row: Row) -> str:
    """The row's value with as many decimals as its interval supports; ``-`` where there is none."""
    return "-" if row.value is None else f"{row.value:.{_decimals(row)}f}"


def span(row: Row) -> str:
    """The row's 95% interval with as many decimals as it supports; empty where there is none."""
    if row.low is None or row.high is None:
        return ""
    return f"[{row.low:.{_decimals(row)}f}, {row.high:.{_decimals(row)}f}]"


def _decimals(row: Row) -> int:
    """Two, or more where half the interval is smaller than a hundredth."""
    half = 0.5 * (row.high - row.low) if row.low is not None and row.high is not None else 0.0
    return min(4, max(2, ceil(-log10(half)))) if half > 0 else 2
