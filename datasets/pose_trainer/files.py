"""Reading one file of keypoints, with every fault a file can have turned into a clear error."""

from __future__ import annotations

import io
import math
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes

__all__ = ["LAYOUT", "Clip", "parse_clip", "read_bytes", "read_clip"]

LAYOUT = "openpose-18"
_JOINTS = 18
_MOST_BYTES = 1 << 26
# OpenPose reports slightly more than 1 now and then; the release goes up to 1.023.
_MOST_CONFIDENCE = 1.1
_EXPECTED = f"a .npy file of floats, shape (frames, {_JOINTS}, 3): x, y and confidence of OpenPose's joints"
_REMEDY = "Get the file again from the Pose Trainer repository."


@dataclass(frozen=True, slots=True)
class Clip:
    """The content of one file.

    Attributes:
        keypoints: ``(T, 18, 3)`` float32; x, y in pixels and confidence in [0, 1], all 0 where a
            joint was not detected.
        size: Bytes of the file.
        sha256: Hex digest of the file.
    """

    keypoints: npt.NDArray[np.float32]
    size: int
    sha256: str


def read_clip(path: Path) -> Clip:
    """Read and check one file.

    Raises:
        DataError: The file is missing, truncated, no array, of another shape or type, or its values
            cannot be keypoints.
    """
    return parse_clip(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        DataError: It cannot be read, or is far larger than any clip.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _damaged(path, f"{path.stat().st_size} bytes")
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            "A keypoint file cannot be read.",
            where=path,
            expected="a readable file",
            found=error.strerror or str(error),
            remedy="Put the file back or correct its permissions, then run aqa-bench dataset prepare again.",
        ) from error


def parse_clip(content: bytes, path: Path) -> Clip:
    """Check the content of one file; ``path`` is named in errors only.

    Raises:
        DataError: As :func:`read_clip`.
    """
    shape, dtype = _header(content, path)
    if dtype.kind != "f":
        raise _damaged(path, f"values of type {dtype}")
    if len(shape) != 3 or shape[1:] != (_JOINTS, 3):
        raise _damaged(path, f"shape {shape}")
    if shape[0] < 1:
        raise _damaged(path, "no frames")
    try:
        values = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise _damaged(path, f"not readable: {error}") from error
    return Clip(_checked(values, path), len(content), sha256_bytes(content))


def _header(content: bytes, path: Path) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type, once the file is known to hold as many bytes as these take."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(stream)
    # A damaged header surfaces as whatever the parser of Python literals happens to raise.
    except (ValueError, TypeError, EOFError, SyntaxError, RecursionError, tokenize.TokenError) as error:
        found = "an empty file" if not content else f"no .npy header ({len(content)} bytes)"
        raise _damaged(path, found) from error
    if min(shape, default=0) < 0 or dtype.hasobject:
        raise _damaged(path, f"shape {shape}, type {dtype}")
    needed, given = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if needed != given:
        word = "truncated" if given < needed else "too long"
        raise _damaged(path, f"{word}: {given} bytes of values where shape {shape} takes {needed}")
    return shape, dtype


def _checked(values: npt.NDArray[np.floating[Any]], path: Path) -> npt.NDArray[np.float32]:
    if not np.isfinite(values).all():
        broken = (~np.isfinite(values)).reshape(len(values), -1).any(axis=1)
        raise _damaged(path, f"NaN or infinity in {_frames(broken)}")
    confidence = values[..., 2]
    if confidence.min() < 0 or confidence.max() > _MOST_CONFIDENCE:
        raise _damaged(path, f"confidences from {confidence.min():g} to {confidence.max():g}")
    empty = ~(confidence > 0).any(axis=1)
    if empty.all():
        raise _damaged(path, "no joint detected in any frame")
    if empty.any():
        raise _damaged(path, f"no joint detected in {_frames(empty)}")
    with np.errstate(over="ignore"):
        keypoints = values.astype(np.float32)
    if not np.isfinite(keypoints).all():
        raise _damaged(path, "coordinates beyond the range of float32")
    keypoints[..., 2] = np.minimum(keypoints[..., 2], 1)
    keypoints[keypoints[..., 2] == 0] = 0
    return keypoints


def _frames(which: Any) -> str:
    numbers = np.flatnonzero(which)
    listed = ", ".join(str(n) for n in numbers[:5])
    return f"{len(numbers)} of {len(which)} frames ({listed}{', ...' if len(numbers) > 5 else ''})"


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        "A keypoint file is not what it should be.",
        where=path,
        expected=_EXPECTED,
        found=found,
        remedy=_REMEDY,
    )
