"""How much of a release is available, per task and split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aqa_bench.core.dataset import Coverage

from .annotations import PARTS
from .index import Index
from .layout import EXERCISES, Kind, TaskFiles

__all__ = ["CoverageRow", "blocked", "coverage_rows", "coverage_table", "overall"]


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Coverage of one part of a task's split, or of the unlabelled set.

    Attributes:
        task: Task id, or ``pool``.
        part: ``train``, ``val`` or ``test``; ``all`` for the pool.
        expected: Ids that the split file names; for the pool, trajectories or videos found.
        found: Of those, ids with readable media.
        missing: Ids without any media.
        unreadable: Ids whose media cannot be read.
        extra: Media that no split of the task names; counted once per task, at its first part.
    """

    task: str
    part: str
    expected: int
    found: int
    missing: tuple[str, ...]
    unreadable: tuple[str, ...]
    extra: int = 0


def coverage_rows(index: Index) -> list[CoverageRow]:
    """Coverage of every task and split of an exercise, then of its unlabelled set if it has one."""
    rows = [row for task in EXERCISES[index.exercise].tasks for row in _task_rows(index, task)]
    clips, tracks = index.entries(Kind.POOL), index.entries(Kind.TRAJECTORY)
    if clips or tracks:
        rows.append(_row(index, "pool", "all", Kind.POOL, sorted({*clips, *tracks}), 0))
    return rows


def coverage_table(rows: Iterable[CoverageRow]) -> list[str]:
    """Coverage as lines of a table of fixed width."""
    columns = ("task", "split", "expected", "found", "missing", "unreadable", "extra")
    cells = [
        (row.task, row.part, row.expected, row.found, len(row.missing), len(row.unreadable), row.extra)
        for row in rows
    ]
    lines = [columns, *cells]
    return [
        f"{task!s:<8}{part!s:<7}" + "".join(f"{value!s:>11}" for value in rest) for task, part, *rest in lines
    ]


def overall(index: Index) -> Coverage:
    """Coverage of the exercise: media that its splits name, each counted once."""
    named: dict[tuple[Kind, str], None] = {}
    for task in EXERCISES[index.exercise].tasks:
        for ids in index.splits.get(task.task, {}).values():
            named.update(dict.fromkeys((task.media, key) for key in ids))
    missing = [key for kind, key in named if key not in index.entries(kind)]
    unreadable = [
        key for kind, key in named if key in index.entries(kind) and not index.entries(kind)[key].usable
    ]
    extra = sum((kind, key) not in named for kind in (Kind.CLIP, Kind.IMAGE) for key in index.entries(kind))
    found = len(named) - len(missing) - len(unreadable)
    return Coverage(expected=len(named), found=found, missing=missing, unreadable=unreadable, extra=extra)


def blocked(index: Index, task: TaskFiles) -> str | None:
    """Why a task cannot be run on what is available, or None where it can."""
    labels = index.labels.get(task.task)
    if not labels:
        return f"no usable label file {task.labels}.json"
    for part in PARTS:
        ids = index.splits.get(task.task, {}).get(part)
        if not ids:
            return f"no usable split file for {part}"
        usable = index.usable(task.media)
        classes = {labels[key] for key in ids if key in labels and key in usable}
        if part != "val" and not classes:
            return f"no readable, labelled {task.media.value} of its {part} split"
        if part == "train" and len(classes) < 2:
            return "its train split has only one class"
    return None


def _task_rows(index: Index, task: TaskFiles) -> list[CoverageRow]:
    splits = index.splits.get(task.task, {})
    named = {key for ids in splits.values() for key in ids}
    extra = sum(key not in named for key in index.entries(task.media))
    return [
        _row(index, task.task, part, task.media, splits.get(part, ()), extra if part == PARTS[0] else 0)
        for part in PARTS
    ]


def _row(index: Index, task: str, part: str, kind: Kind, ids: Iterable[str], extra: int) -> CoverageRow:
    entries = index.entries(kind)
    named = tuple(ids)
    missing = tuple(key for key in named if key not in entries)
    unreadable = tuple(key for key in named if key in entries and not entries[key].usable)
    found = len(named) - len(missing) - len(unreadable)
    return CoverageRow(task, part, len(named), found, missing, unreadable, extra)
