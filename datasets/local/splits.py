"""Splits of an own dataset: the table's, or folds that keep groups whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aqa_bench.core.errors import DataError
from aqa_bench.core.schemes import (
    ONE_CLASS,
    ONE_CLASS_CLEAN,
    ONE_CLASS_LEAKY,
    folds,
    one_class,
    one_class_clean,
    one_class_leaky,
)
from aqa_bench.core.split import Scheme, Split
from aqa_bench.core.task import Task, TaskKind

from .index import OwnClip

__all__ = ["FEWEST", "SPLIT", "make_splits", "schemes_of", "straddling"]

FEWEST = 3
"""Fewest groups that folds can be made of: one to test, one for val, one to train."""

_MOST = 5
_FOLDS = "folds"
SPLIT = "split"
_OF_GOOD = {
    ONE_CLASS.id: one_class,
    ONE_CLASS_CLEAN.id: one_class_clean,
    ONE_CLASS_LEAKY.id: one_class_leaky,
}


def schemes_of(
    dataset: str, tasks: Sequence[Task], clips: Mapping[str, OwnClip], grouped: bool
) -> tuple[Scheme, ...]:
    """The schemes that can be drawn, the default first.

    Args:
        dataset: Dataset id.
        tasks: Its tasks.
        clips: Its clips.
        grouped: Whether groups are more than single clips.
    """
    groups = {clip.group for clip in clips.values()}
    found = []
    if any(clip.part for clip in clips.values()):
        shared = straddling(clips)
        also = f"; {len(shared)} groups are in several parts" if shared else ""
        found.append(Scheme(SPLIT, f"train, val and test from the table{also}", shares_groups=bool(shared)))
    if len(groups) >= FEWEST:
        count = min(_MOST, len(groups))
        whole = "groups kept whole" if grouped else "split by clip"
        rule = f"{count} folds, repeated 5 times, {whole}: fold k is test, fold k+1 val, the rest train"
        found.append(Scheme(_FOLDS, rule))
    binary = [task for task in tasks if task.kind is TaskKind.BINARY]
    if len(binary) == len(tasks):
        for scheme in (ONE_CLASS, ONE_CLASS_CLEAN, ONE_CLASS_LEAKY):
            try:
                for task in binary:
                    make_splits(scheme.id, dataset, task, clips)
            except DataError:
                continue
            found.append(scheme)
    return tuple(found)


def make_splits(scheme: str, dataset: str, task: Task, clips: Mapping[str, OwnClip]) -> tuple[Split, ...]:
    """The splits of a task under one of the dataset's schemes.

    Raises:
        DataError: Too few groups or samples of a class.
    """
    if scheme == SPLIT:
        parts = {
            part: tuple(name for name, clip in clips.items() if clip.part == part)
            for part in ("train", "val", "test")
        }
        return (Split(0, 0, **parts),)
    targets = {name: clip.labels[task.id] for name, clip in clips.items()}
    groups = {name: clip.group for name, clip in clips.items()}
    if scheme == _FOLDS:
        # Scores have no classes to spread evenly.
        even = targets if task.kind is TaskKind.BINARY else dict.fromkeys(targets, 0.0)
        return folds(dataset, even, groups, k=min(_MOST, len({*groups.values()})))
    return _OF_GOOD[scheme](dataset, targets, groups)


def straddling(clips: Mapping[str, OwnClip]) -> list[str]:
    """Groups that the table's split lets stand in several parts."""
    parts: dict[str, set[str | None]] = {}
    for clip in clips.values():
        parts.setdefault(clip.group, set()).add(clip.part)
    return sorted(group for group, found in parts.items() if len(found) > 1)
