"""Keypoints in CSV files of DeepLabCut: a row for each frame, three lines of head."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.csv_table import cells_of, parsed_number, text_of
from aqa_bench.core.errors import DataError
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.frame_numbers import MOST_FRAMES
from aqa_bench.media.pose.named_joints import RawPose

__all__ = ["is_deeplabcut", "read_deeplabcut"]

_MOST_BYTES = 256 << 20
_FIRST = b"scorer"
_HEAD = ("scorer", "bodyparts", "coords")
_AXES = {
    ("x", "y"): PoseKind.KEYPOINTS,
    ("x", "y", "likelihood"): PoseKind.KEYPOINTS,
    ("x", "y", "z"): PoseKind.JOINTS,
}


def is_deeplabcut(path: Path) -> bool:
    """Whether a CSV file begins as DeepLabCut's do; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(16).removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(_FIRST)
    except OSError:
        return False


def read_deeplabcut(path: Path) -> RawPose:
    """Read one clip of one individual, as ``analyze_videos(..., save_as_csv=True)`` writes it.

    The format is DeepLabCut's own: the lines ``scorer``, ``bodyparts`` and ``coords``, then a line for each
    frame with its number and x, y and likelihood of every body part; triangulated files have x, y and z.
    Frames without a line are kept, empty; likelihood is the confidence.

    Returns:
        Body parts in the file's order.

    Raises:
        DataError: It is missing or damaged, or of several individuals.
    """
    try:
        delimiter, lines = cells_of(text_of(read_bounded(path, _MOST_BYTES)))
    except (OSError, ValueError, csv.Error) as error:
        raise _damaged(path, getattr(error, "strerror", None) or str(error)) from error
    heads = {cells[0].lower(): cells[1:] for _, cells in lines[: len(_HEAD) + 1]}
    if "individuals" in heads:
        who = list(dict.fromkeys(heads["individuals"]))
        raise DataError(
            "A DeepLabCut file shows several individuals.",
            where=path,
            expected="a file of one individual, with the lines scorer, bodyparts and coords",
            found=f"the line individuals: {', '.join(who):.200}",
            remedy="Write each individual to a separate file, with one table row per file.",
        )
    if any(name not in heads for name in _HEAD):
        raise _damaged(path, f"lines that begin with {', '.join(heads):.200}")
    parts, kind, axes = _columns(path, heads["bodyparts"], [c.lower() for c in heads["coords"]])
    body = lines[len(_HEAD) :]
    numbers = [_frame(path, line, cells) for line, cells in body]
    if not numbers or max(numbers) - min(numbers) >= MOST_FRAMES or len({*numbers}) < len(numbers):
        raise _damaged(path, f"{len(numbers)} lines of frames, {len({*numbers})} different numbers")
    values = np.full((max(numbers) - min(numbers) + 1, len(parts) * axes), np.nan, np.float32)
    for number, (line, cells) in zip(numbers, body, strict=True):
        if len(cells) != values.shape[1] + 1:
            raise _damaged(
                path, f"{len(cells)} cells in line {line}, but {values.shape[1] + 1} in the header"
            )
        try:
            values[number - min(numbers)] = [
                parsed_number(c, delimiter) if c else math.nan for c in cells[1:]
            ]
        except ValueError as error:
            raise _damaged(path, f"line {line}: {error}") from error
    return RawPose(values.reshape(len(values), len(parts), axes), kind, parts)


def _columns(
    path: Path, names: Sequence[str], coords: Sequence[str]
) -> tuple[tuple[str, ...], PoseKind, int]:
    """Body parts, what their values are, and how many values each has."""
    first = names[0] if names else ""
    axes = tuple(coords[: sum(1 for name in names if name == first)])
    parts = tuple(names[:: max(len(axes), 1)])
    whole = [(part, axis) for part in parts for axis in axes]
    if axes not in _AXES or len({*parts}) < len(parts) or [*zip(names, coords, strict=False)] != whole:
        raise _damaged(path, f"body parts {', '.join(names):.120} with {', '.join(coords):.80}")
    return parts, _AXES[axes], len(axes)


def _frame(path: Path, line: int, cells: Sequence[str]) -> int:
    if not cells[0].isdecimal():
        raise _damaged(path, f"{cells[0]!r:.80} in line {line}, as in files of labelled pictures")
    return int(cells[0])


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        "A DeepLabCut file cannot be read.",
        where=path,
        expected="the lines scorer, bodyparts and coords (x, y, likelihood; or x, y, z), then one line per "
        "frame that begins with its number",
        found=found,
        remedy="Export it again: deeplabcut.analyze_videos(..., save_as_csv=True).",
    )
