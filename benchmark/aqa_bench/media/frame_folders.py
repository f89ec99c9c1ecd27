"""Recordings kept as folders of numbered images: found by their number, never by their position."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.clips import Indices
from aqa_bench.media.geometry import Size
from aqa_bench.media.images import read_image

__all__ = ["FrameFolder", "FrameNames", "scan_frames"]

_NAME = re.compile(r"(?P<prefix>.*?)(?P<number>\d+)(?P<suffix>\.(?:jpg|jpeg|png))", re.IGNORECASE)
_REMEDY = "Extract the frames again, all at the recording's own frame rate and into an empty folder."


@dataclass(frozen=True, slots=True)
class FrameNames:
    """How the images of a folder are named.

    Attributes:
        folder: The folder.
        prefix: What stands before the number.
        digits: Digits that the number is padded to with zeros.
        suffix: What follows the number, e.g. ``.jpg``.
        base: Number in the name of the recording's first frame: 1, or 0.
    """

    folder: Path
    prefix: str = ""
    digits: int = 6
    suffix: str = ".jpg"
    base: int = 1

    def path(self, number: int) -> Path:
        """File of a frame; frames are counted from 1.

        Example:
            >>> FrameNames(Path("01")).path(42).name
            '000042.jpg'
        """
        return self.folder / f"{self.prefix}{number - 1 + self.base:0{self.digits}d}{self.suffix}"

    def read(self, numbers: Sequence[int] | Indices, size: Size = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` uint8 RGB.

        Args:
            numbers: Frame numbers counted from 1, in any order, repeats allowed.
            size: Side in pixels of the square wanted, or ``(height, width)``; native size by default.

        Raises:
            DataError: A frame is missing, damaged, or of another size than the others.
        """
        wanted, places = np.unique(np.asarray(numbers, dtype=np.int64), return_inverse=True)
        images = [read_image(self.path(int(number)), size) for number in wanted]
        shapes = sorted({image.shape for image in images})
        if len(shapes) != 1:
            raise DataError(
                "Frames of one clip differ in size, or none were requested.",
                where=self.folder,
                expected="at least one frame, all of the same size",
                found=", ".join(f"{shape[1]} x {shape[0]}" for shape in shapes) or "none",
                remedy=_REMEDY,
            )
        return np.stack(images)[places]


@dataclass(frozen=True, slots=True)
class FrameFolder:
    """A folder of numbered images and the frames it holds.

    Attributes:
        names: How they are named.
        numbers: ``(n,)`` int64 numbers of the frames, counted from 1, increasing.
    """

    names: FrameNames
    numbers: Indices

    @property
    def last(self) -> int:
        """Number of the last frame."""
        return int(self.numbers[-1])

    def missing(self, window: Indices) -> Indices:
        """Numbers of a window that the folder does not hold."""
        return np.setdiff1d(window, self.numbers)


def scan_frames(folder: Path) -> FrameFolder:
    """List the numbered images of a folder; any other file in it is left alone.

    ``000042.jpg``, ``00000042.jpg`` and ``img_00042.jpg`` are frame 42, unless the folder begins with a
    frame 0: then numbers are counted from 0 and these are its 43rd frame.

    Args:
        folder: The folder; it may hold hundreds of thousands of files.

    Raises:
        DataError: It holds no numbered image, or files named in two ways.
    """
    found: dict[tuple[str, str], dict[int, int]] = {}
    for file in folder.iterdir():
        match = _NAME.fullmatch(file.name)
        if match is None:
            continue
        numbers = found.setdefault((match["prefix"], match["suffix"]), {})
        number = int(match["number"])
        if number in numbers:
            raise _odd(folder, f"two files with number {number}")
        numbers[number] = len(match["number"])
    if len(found) != 1:
        kinds = ", ".join(f"{prefix}NUMBER{suffix}" for prefix, suffix in sorted(found))
        raise _odd(folder, kinds or "no numbered image")
    ((prefix, suffix), widths) = next(iter(found.items()))
    digits = min(widths.values())
    if any(width != max(digits, len(str(number))) for number, width in widths.items()):
        raise _odd(folder, "inconsistent zero-padding of numbers")
    numbers_found = np.array(sorted(widths), dtype=np.int64)
    base = 0 if numbers_found[0] == 0 else 1
    return FrameFolder(FrameNames(folder, prefix, digits, suffix, base), numbers_found + 1 - base)


def _odd(folder: Path, found: str) -> DataError:
    return DataError(
        "A folder of frames cannot be used.",
        where=folder,
        expected="images with consistent names and unique numbers",
        found=found,
        remedy=_REMEDY,
    )
