"""Labels and splits of one exercise, from all the copies of their files that were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aqa_bench.core.errors import DataError

from .bar import MAX_JSON_BYTES
from .labels import Intervals, parse_binary, parse_ids, parse_intervals
from .layout import EXERCISES, Kind, Slot
from .problems import Problem
from .scan import FoundFile

__all__ = ["PARTS", "Annotations", "read_annotations"]

PARTS = ("train", "val", "test")

_Slots = Mapping[Slot, Sequence[FoundFile]]


@dataclass(slots=True)
class Annotations:
    """Labels, intervals and splits by task, as an index has them."""

    labels: dict[str, dict[str, bool]] = field(default_factory=dict)
    intervals: dict[str, dict[str, Intervals]] = field(default_factory=dict)
    splits: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    traj_nan: tuple[str, ...] = ()


def read_annotations(exercise: str, slots: _Slots, problems: list[Problem]) -> Annotations:
    """Read the label and split files of an exercise.

    The split files settle which ids are judged; label files may name more. An id in two parts stays in
    the later one, so that nothing is trained on that is judged.

    Args:
        exercise: Exercise id.
        slots: The files found.
        problems: Extended by what is wrong.

    Returns:
        What could be read.
    """
    found = Annotations()
    for task in EXERCISES[exercise].tasks:
        content = _read(slots, Slot(exercise, Kind.LABELS, task.task), problems)
        if content is not None:
            data, file = content
            if task.media is Kind.CLIP:
                labels, intervals, faults = parse_intervals(data, file)
                found.intervals[task.task] = intervals
            else:
                labels, faults = parse_binary(data, file)
            found.labels[task.task] = labels
            problems.extend(faults)
        splits = _splits(exercise, task.task, slots, problems)
        if splits:
            found.splits[task.task] = splits
            problems.extend(_unlabelled(task.task, splits, found.labels.get(task.task, {})))
    content = _read(slots, Slot(exercise, Kind.TRAJ_NAN, ""), problems)
    if content is not None:
        found.traj_nan, faults = parse_ids(*content, suffix=".json")
        problems.extend(faults)
    return found


def _splits(exercise: str, task: str, slots: _Slots, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    parts: dict[str, tuple[str, ...]] = {}
    files: dict[str, str] = {}
    for part in PARTS:
        content = _read(slots, Slot(exercise, Kind.SPLIT, f"{task}/{part}"), problems)
        if content is not None:
            parts[part], faults = parse_ids(*content)
            files[part] = content[1]
            problems.extend(faults)
    taken: dict[str, str] = {}
    for part in reversed(PARTS):
        kept = []
        for key in parts.get(part, ()):
            if key not in taken:
                kept.append(key)
                continue
            where = f"{files[part]}: {key}"
            problems.append(
                Problem(where, "id is in two parts of a split", "one part", f"{part} and {taken[key]}")
            )
        if part in parts:
            parts[part] = tuple(kept)
            taken.update(dict.fromkeys(kept, part))
    return parts


def _unlabelled(
    task: str, splits: Mapping[str, tuple[str, ...]], labels: Mapping[str, bool]
) -> list[Problem]:
    bare = [key for ids in splits.values() for key in ids if key not in labels]
    if not bare:
        return []
    return [
        Problem(task, "split ids without a label", "a label for every id", f"{len(bare)}, e.g. {bare[0]}")
    ]


def _read(slots: _Slots, slot: Slot, problems: list[Problem]) -> tuple[bytes, str] | None:
    """The first readable copy of a file, and its name."""
    first: tuple[bytes, str] | None = None
    for file in slots.get(slot, ()):
        try:
            if file.size > MAX_JSON_BYTES:
                raise DataError("too large", found=f"{file.size:,} bytes")
            content = file.media.read_bytes()
        except DataError as error:
            reason = error.found or error.what
            problems.append(Problem(str(file.media), "file cannot be read", "readable JSON", reason))
            continue
        if first is None:
            first = content, str(file.media)
        elif content != first[0]:
            problems.append(
                Problem(first[1], "two versions of one file", "the same content", str(file.media))
            )
    return first
