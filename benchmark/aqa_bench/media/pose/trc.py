"""Marker trajectories in TRC files, as OpenSim and capture systems write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.frame_numbers import MOST_FRAMES
from aqa_bench.media.pose.named_joints import RawPose

__all__ = ["read_trc"]

_MOST_BYTES = 256 << 20
_HEAD = 5


def read_trc(path: Path) -> RawPose:
    """Read one clip.

    The format is OpenSim's: five lines of head, the fourth with the markers' names, then a line for each
    frame with its number, its time, and x, y, z of every marker, separated by tabs. Empty cells and NaN are
    markers that were not seen.

    Raises:
        DataError: It is missing or damaged.
    """
    try:
        text = read_bounded(path, _MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    lines = text.splitlines()
    if len(lines) <= _HEAD or not lines[0].startswith("PathFileType"):
        raise _damaged(path, f"{len(lines)} lines, the first {lines[0][:40]!r}" if lines else "an empty file")
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=False))
    names = tuple(cell.strip() for cell in lines[3].split("\t")[2:] if cell.strip())
    if not names or len({*names}) < len(names):
        raise _damaged(path, f"the names {', '.join(names) or 'of no markers'}")
    rows = [(number, line.split("\t")) for number, line in enumerate(lines, 1) if number > _HEAD]
    frames = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    if not 0 < len(frames) <= MOST_FRAMES:
        raise _damaged(path, f"{len(frames)} frames")
    values = np.full((len(frames), len(names) * 3), np.nan, np.float32)
    for frame, (number, cells) in enumerate(frames):
        numbers = [cell.strip() for cell in cells[2:]]
        while len(numbers) > values.shape[1] and not numbers[-1]:
            numbers.pop()
        if len(numbers) > values.shape[1]:
            raise _damaged(path, f"{len(numbers)} values for {len(names)} markers in line {number}")
        try:
            values[frame, : len(numbers)] = [float(cell) if cell else np.nan for cell in numbers]
        except ValueError as error:
            raise _damaged(path, f"line {number}: {error}") from error
    try:
        fps = float(head["DataRate"])
    except (KeyError, ValueError):
        fps = 0.0
    shaped = values.reshape(len(frames), len(names), 3)
    return RawPose(shaped, PoseKind.JOINTS, names, fps=fps if 0 < fps < 1e5 else None)


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        "A TRC file cannot be read.",
        where=path,
        expected="PathFileType, marker names in the fourth line, and a line of numbers per frame",
        found=found,
        remedy="Export it again, or correct or remove it.",
    )
