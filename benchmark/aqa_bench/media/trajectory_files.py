"""Trajectory files as Fitness-AQA delivers them, strictly checked."""

from __future__ import annotations

import math
import reprlib
from typing import Any

from aqa_bench.core.bounded import parse_json
from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Trajectory
from aqa_bench.media.trajectory import from_boxes, from_heights

__all__ = ["parse_press", "parse_squat"]

_REGIONS = 3
_LARGEST = 1e6


def parse_squat(text: str | bytes, *, n_frames: int | None = None, where: object = None) -> Trajectory:
    """Read a squat trajectory: a flat JSON list, one height per frame, NaN or null for a gap.

    Args:
        text: The JSON document.
        n_frames: Frames of the video; a shorter trajectory is padded with gaps.
        where: What to name in an error, e.g. the file.

    Returns:
        The trajectory.

    Raises:
        DataError: Not such a document, longer than the video, or not usable
            (see :func:`aqa_bench.media.trajectory.from_heights`).

    Example:
        >>> parse_squat("[9, 6, 3, 1, 3, 6, 9]").turning_point
        3
    """
    values = _frames(text, n_frames, where)
    heights = [math.nan if value is None else _number(value, where, gaps=True) for value in values]
    heights += [math.nan] * ((n_frames or 0) - len(heights))
    with _Located(where):
        return from_heights(heights, starts="high")


def parse_press(text: str | bytes, *, n_frames: int | None = None, where: object = None) -> Trajectory:
    """Read an overhead-press trajectory: a JSON list over frames of three regions.

    Each region is a list of no or one box ``[x1, y1, x2, y2, confidence]``, or that box itself, in
    pixels of the detector's frame with a confidence in [0, 100].

    Args:
        text: The JSON document.
        n_frames: Frames of the video; a shorter trajectory is padded with gaps.
        where: What to name in an error, e.g. the file.

    Returns:
        The trajectory.

    Raises:
        DataError: Not such a document, longer than the video, or not usable
            (see :func:`aqa_bench.media.trajectory.from_boxes`).
    """
    frames = [_regions(frame, where) for frame in _frames(text, n_frames, where)]
    empty: list[list[list[float]]] = [[] for _ in range(_REGIONS)]
    frames += [empty] * ((n_frames or 0) - len(frames))
    with _Located(where):
        return from_boxes(frames, starts="low")


class _Located:
    """Adds the file's name to errors that do not know it."""

    def __init__(self, where: object) -> None:
        self.where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DataError) and error.where is None and self.where is not None:
            raise DataError(
                error.what,
                where=str(self.where),
                expected=error.expected,
                found=error.found,
                remedy=error.remedy,
            ) from error


def _frames(text: str | bytes, n_frames: int | None, where: object) -> list[Any]:
    try:
        document = parse_json(text)
    except ValueError as error:
        raise _malformed(where, "a JSON document in UTF-8", str(error)) from error
    if not isinstance(document, list):
        raise _malformed(where, "a list with one entry per frame", _kind(document))
    if n_frames is not None and len(document) > n_frames:
        raise _malformed(where, f"at most {n_frames} entries, the video's frames", f"{len(document)}")
    return document


def _regions(frame: object, where: object) -> list[list[list[float]]]:
    if not isinstance(frame, list) or len(frame) != _REGIONS:
        found = f"{len(frame)} entries" if isinstance(frame, list) else _kind(frame)
        raise _malformed(where, f"{_REGIONS} regions per frame", found)
    return [_region(region, where) for region in frame]


def _region(region: object, where: object) -> list[list[float]]:
    if not isinstance(region, list):
        raise _malformed(where, "a list of boxes", _kind(region))
    if not region:
        return []
    box = region[0] if len(region) == 1 else region
    if not isinstance(box, list) or len(box) != 5:
        raise _malformed(
            where, "at most one box [x1, y1, x2, y2, confidence] per region", reprlib.repr(region)
        )
    x1, y1, x2, y2, confidence = (_number(value, where) for value in box)
    if x2 < x1 or y2 < y1 or not 0 <= confidence <= 100:
        raise _malformed(where, "x1 <= x2, y1 <= y2 and a confidence in [0, 100]", reprlib.repr(box))
    return [[x1, y1, x2, y2, confidence]]


def _number(value: object, where: object, *, gaps: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _malformed(where, "a number", _kind(value))
    if gaps and isinstance(value, float) and math.isnan(value):
        return value
    if not -_LARGEST <= value <= _LARGEST:
        raise _malformed(where, f"a finite number of at most {_LARGEST:g}", reprlib.repr(value))
    return float(value)


def _kind(value: object) -> str:
    return f"{type(value).__name__} {reprlib.repr(value)}"


def _malformed(where: object, expected: str, found: str) -> DataError:
    return DataError(
        "A trajectory file has the wrong format.",
        where=None if where is None else str(where),
        expected=expected,
        found=found,
        remedy="Download the file again; clips without a good trajectory are left out of the pool.",
    )
