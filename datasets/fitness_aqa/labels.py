"""Strict readers of the release's JSON: what is good is kept, everything else becomes a :class:`Problem`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from aqa_bench.core.bounded import parse_json

from .problems import Problem

__all__ = ["Interval", "Intervals", "outside", "parse_binary", "parse_ids", "parse_intervals"]

Interval: TypeAlias = tuple[float, float]
Intervals: TypeAlias = tuple[Interval, ...]

_SHOWN = 60
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class _Object:
    """A JSON object with its keys as written, repeated ones included."""

    pairs: list[tuple[str, Any]]


def parse_intervals(data: bytes, file: str) -> tuple[dict[str, bool], dict[str, Intervals], list[Problem]]:
    """Read a label file of clips: ``{clip id: [[start, end], ...]}`` in seconds; ``[]`` = no error.

    A clip whose value is not a list of number pairs has no label. One whose intervals are pairs but
    impossible (``start >= end`` or negative) keeps its label, since an error was marked, and
    loses the interval.

    Args:
        data: Content of the file.
        file: Its name, for problems.

    Returns:
        Whether each clip shows the error; its usable intervals; the problems.

    Example:
        >>> parse_intervals(b'{"7_1": [], "7_2": [[0.5, 1.25]]}', "error_elbows.json")
        ({'7_1': False, '7_2': True}, {'7_1': (), '7_2': ((0.5, 1.25),)}, [])
    """
    problems: list[Problem] = []
    labels: dict[str, bool] = {}
    intervals: dict[str, Intervals] = {}
    for clip, value in _object(data, file, problems):
        if not isinstance(value, list) or not all(_is_pair(pair) for pair in value):
            problems.append(
                Problem(
                    f"{file}: {clip}", "label has a wrong type", "[] or [[start, end], ...]", _show(value)
                )
            )
            continue
        labels[clip] = bool(value)
        kept = []
        for start, end in value:
            if 0 <= start < end:
                kept.append((float(start), float(end)))
            else:
                expected = "0 <= start < end, in seconds"
                problems.append(
                    Problem(f"{file}: {clip}", "interval is invalid", expected, _show([start, end]))
                )
        intervals[clip] = tuple(kept)
    return labels, intervals, problems


def parse_binary(data: bytes, file: str) -> tuple[dict[str, bool], list[Problem]]:
    """Read a label file of images: ``{image id: 0 or 1}``.

    Args:
        data: Content of the file.
        file: Its name, for problems.

    Returns:
        Whether each image shows the error; the problems. Ids without a usable label are left out.
    """
    problems: list[Problem] = []
    labels: dict[str, bool] = {}
    for image, value in _object(data, file, problems):
        if isinstance(value, bool) or not isinstance(value, int) or value not in (0, 1):
            problems.append(Problem(f"{file}: {image}", "label has a wrong type", "0 or 1", _show(value)))
        else:
            labels[image] = bool(value)
    return labels, problems


def parse_ids(data: bytes, file: str, suffix: str = "") -> tuple[tuple[str, ...], list[Problem]]:
    """Read a flat list of ids: a split file, or ``traj_nan.json``.

    Args:
        data: Content of the file.
        file: Its name, for problems.
        suffix: File suffix that the ids may carry, which is removed.

    Returns:
        The ids in the file's order, each once; the problems.
    """
    problems: list[Problem] = []
    value = _load(data, file, problems)
    if value is None:
        return (), problems
    if not isinstance(value, list):
        problems.append(Problem(file, "file has a wrong type", "a JSON list of ids", _show(value)))
        return (), problems
    ids: dict[str, None] = {}
    for item in value:
        if not isinstance(item, str) or not _is_id(item):
            problems.append(Problem(file, "id has a wrong type", "a string such as 32903_8", _show(item)))
            continue
        item = item.removesuffix(suffix)
        if item in ids:
            problems.append(Problem(f"{file}: {item}", "id occurs twice", "each id once", item))
        ids[item] = None
    return tuple(ids), problems


def outside(intervals: Iterable[Interval], duration: float, tolerance: float = 0.1) -> list[Interval]:
    """The intervals that reach beyond the end of their clip.

    Args:
        intervals: ``(start, end)`` in seconds.
        duration: Length of the clip in seconds.
        tolerance: Seconds allowed beyond the end, for rounding.

    Example:
        >>> outside([(0.2, 0.9), (3.0, 4.0)], duration=2.5)
        [(3.0, 4.0)]
    """
    return [interval for interval in intervals if interval[1] > duration + tolerance]


def _object(data: bytes, file: str, problems: list[Problem]) -> list[tuple[str, Any]]:
    value = _load(data, file, problems)
    if value is None:
        return []
    if not isinstance(value, _Object):
        problems.append(Problem(file, "file has a wrong type", "a JSON object of ids", _show(value)))
        return []
    unique: dict[str, Any] = {}
    for key, item in value.pairs:
        if not _is_id(key):
            problems.append(Problem(file, "id has a wrong type", "a string such as 32903_8", _show(key)))
        elif key not in unique:
            unique[key] = item
        elif unique[key] == item:
            problems.append(Problem(f"{file}: {key}", "id occurs twice", "each id once", key))
        else:
            found = f"{_show(unique[key])} and {_show(item)}"
            problems.append(Problem(f"{file}: {key}", "id has two labels", "one label", found))
    contradicted = {problem.file for problem in problems if problem.what == "id has two labels"}
    return [(key, item) for key, item in unique.items() if f"{file}: {key}" not in contradicted]


def _load(data: bytes, file: str, problems: list[Problem]) -> Any | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(Problem(file, "file is not UTF-8", "JSON in UTF-8", str(error)))
        return None
    try:
        value = parse_json(text, _Object)
    except ValueError as error:
        problems.append(Problem(file, "file is not JSON", "JSON", str(error)[:_SHOWN]))
        return None
    if value is None:
        problems.append(Problem(file, "file has a wrong type", "a JSON list or object", "null"))
    elif _is_deep(value):
        problems.append(Problem(file, "JSON is nested too deeply", "flat lists", "deeply nested lists"))
        return None
    return value


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
    return bool(level)


def _children(value: object) -> list[Any]:
    if isinstance(value, _Object):
        return [item for _, item in value.pairs]
    return value if isinstance(value, list) else []


def _is_id(text: str) -> bool:
    return bool(text) and "/" not in text and "\0" not in text and text.isprintable()


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(item) for item in value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 1e9 and math.isfinite(value)


def _show(value: object) -> str:
    text = ascii(dict(value.pairs) if isinstance(value, _Object) else value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
