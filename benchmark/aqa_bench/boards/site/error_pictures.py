"""Pictures of errors that datasets ship: a good and a bad repetition, looping, and a still of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aqa_bench.core.registry import dataset_cards, find_family, known_dataset

__all__ = ["error_picture"]

_FOLDER = "pictures"


def error_picture(dataset: str, task: str) -> tuple[Path, Path] | None:
    """A loop and a still of a task's error: the dataset's own, else those of a dataset of the same exercise.

    A dataset ships them as ``pictures/<exercise>-<task>.webp``, or ``<exercise>.webp`` for all its tasks, and
    ``...-still.webp`` in its folder.
    """
    if known_dataset(dataset) is None:
        return None
    exercise = dataset.partition("@")[0].rpartition("/")[2]
    for folder in _folders(dataset):
        for name in (f"{exercise}-{task}", exercise):
            loop = folder / _FOLDER / f"{name}.webp"
            still = loop.with_stem(f"{name}-still")
            if loop.is_file() and still.is_file():
                return loop, still
    return None


def _folders(dataset: str) -> Iterator[Path]:
    """Folders of the dataset's family, then of the others."""
    names = [dataset.partition("@")[0], *sorted(dataset_cards())]
    yield from dict.fromkeys(find_family(name).folder for name in names)
