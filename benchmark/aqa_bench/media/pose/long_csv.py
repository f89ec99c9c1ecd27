"""Keypoints in a long CSV table: a row for each joint of each frame."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from aqa_bench.core.csv_table import CsvTable, read_csv, unfit_cell
from aqa_bench.core.errors import DataError
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.frame_numbers import MOST_FRAMES
from aqa_bench.media.pose.named_joints import RawPose

__all__ = ["read_long_csv"]

_COLUMNS = ("frame", "joint", "x", "y", "z", "confidence")
_MISSING = frozenset({"", "nan", "na", "none", "null"})


def read_long_csv(path: Path) -> RawPose:
    """Read one clip.

    Args:
        path: A CSV file with the columns ``frame`` (whole numbers, from any), ``joint``, ``x``, ``y`` and
            perhaps ``z`` and ``confidence``. An empty cell or NaN says that the joint was not seen; so does
            a joint that a frame has no row of. Frames without rows are kept, empty.

    Raises:
        DataError: A column is missing or unknown, a cell is not a number, or a joint stands twice in a frame.
    """
    table = read_csv(path)
    columns = {name: table.find(name) for name in _COLUMNS}
    for name in _COLUMNS[:4]:
        table.place(name)
    odd = [name for name in table.header if name.lower() not in _COLUMNS]
    if odd:
        raise DataError(
            "A keypoint table has an extra column.",
            where=path,
            expected=", ".join(_COLUMNS),
            found=", ".join(odd),
            remedy="Rename it or remove it.",
        )
    frames = [_frame(table, row) for row in range(len(table.rows))]
    names = list(dict.fromkeys(table.column("joint")))
    first, length = min(frames), max(frames) - min(frames) + 1
    if length > MOST_FRAMES:
        raise DataError(
            "A keypoint table has too many frames.",
            where=path,
            expected=f"at most {MOST_FRAMES:,}",
            found=f"frames {first} to {max(frames)}",
            remedy="Number the frames of each clip consecutively.",
        )
    axes = [name for name in ("x", "y", "z", "confidence") if columns[name] is not None]
    values = np.full((length, len(names), len(axes)), np.nan, np.float32)
    place = {name: number for number, name in enumerate(names)}
    filled: dict[tuple[int, int], int] = {}
    for row, (frame, joint) in enumerate(zip(frames, table.column("joint"), strict=True)):
        at = frame - first, place[joint]
        if at in filled:
            what = f"A joint occurs twice in frame {frame}."
            expected = f"one row for it (the other is line {table.lines[filled[at]]})"
            raise unfit_cell(table, row, "joint", what, expected, "Write each person to a separate file.")
        filled[at] = row
        values[at] = [_number(table, row, name) for name in axes]
    kind = PoseKind.JOINTS if columns["z"] is not None else PoseKind.KEYPOINTS
    return RawPose(values, kind, tuple(names))


def _frame(table: CsvTable, row: int) -> int:
    try:
        number = table.number(row, "frame")
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number != int(number) or abs(number) > 1e12:
        what = "A frame number cannot be read."
        raise unfit_cell(table, row, "frame", what, "a whole number", "Number the frames consecutively.")
    return int(number)


def _number(table: CsvTable, row: int, column: str) -> float:
    text = table.rows[row][table.place(column)]
    if text.lower() in _MISSING:
        return math.nan
    try:
        number = table.number(row, column)
    except ValueError:
        remedy = "Write numbers with a decimal point; leave the cell empty if the joint was not detected."
        raise unfit_cell(table, row, column, "A keypoint is not a number.", "a number", remedy) from None
    return number if abs(number) < 1e30 else math.nan
