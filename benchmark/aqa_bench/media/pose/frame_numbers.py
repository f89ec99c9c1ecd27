"""Which file is which frame of a clip: by the number in its name, never by its place in a list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from aqa_bench.core.errors import DataError

__all__ = ["MOST_FRAMES", "number_frames", "split_name"]

MOST_FRAMES = 100_000
"""Frames between the first and the last file of a clip, at most: about an hour."""

_SUFFIX = "_keypoints"
_NUMBERED = re.compile(r"(.*?)[_.-]?(\d+)")
_SHOWN = 3


def split_name(name: str) -> tuple[str, int | None]:
    """The clip that a file's name speaks of, and the number of its frame.

    Args:
        name: Name of a file, with its suffix.

    Returns:
        What stands before the last number, without a separator, and the number; the whole stem and None
        where the name does not end in a number.

    Example:
        >>> split_name("32903_1_000000000012_keypoints.json"), split_name("frame7.json"), split_name("a.json")
        (('32903_1', 12), ('frame', 7), ('a', None))
    """
    stem = PurePath(name).stem.removesuffix(_SUFFIX)
    match = _NUMBERED.fullmatch(stem)
    return (match[1], int(match[2])) if match else (stem, None)


def number_frames(names: Iterable[str], *, where: object = None) -> dict[int, str]:
    """Files of one clip by the number of their frame, in order; numbers need no padding.

    Args:
        names: Names of files, with suffix. A single one needs no number.
        where: The folder, for errors.

    Returns:
        Names by frame number, ascending. Numbers need not begin at 0, and some may be missing.

    Raises:
        DataError: The names are of several clips, lack numbers or repeat them, or lie too far apart.
    """
    listed = sorted(names)
    split = {name: split_name(name) for name in listed}
    if len(listed) == 1:
        return {split[listed[0]][1] or 0: listed[0]}
    unnumbered = [name for name in listed if split[name][1] is None]
    if unnumbered:
        raise _refused(where, "names that end in the frame number", unnumbered[0])
    clips = list(dict.fromkeys(clip for clip, _ in split.values()))
    if len(clips) > 1:
        shown = ", ".join(repr(clip) for clip in clips[:_SHOWN])
        raise _refused(where, "frames of one clip", f"frames of {len(clips)} clips: {shown}")
    frames: dict[int, str] = {}
    for name, (_, number) in sorted(split.items(), key=lambda item: item[1][1] or 0):
        other = frames.setdefault(number or 0, name)
        if other != name:
            raise _refused(where, f"one file for frame {number}", f"{other} and {name}")
    numbers = list(frames)
    if numbers and numbers[-1] - numbers[0] >= MOST_FRAMES:
        found = f"{frames[numbers[0]]} to {frames[numbers[-1]]}"
        raise _refused(where, f"at most {MOST_FRAMES:,} frames", found)
    return frames


def _refused(where: object, expected: str, found: str) -> DataError:
    return DataError(
        "The frame numbers of a clip cannot be read from its file names.",
        where=None if where is None else str(where),
        expected=expected,
        found=found,
        remedy="Give each clip a separate folder with one file per frame, named as in OpenPose.",
    )
