"""Reading one file of keypoints, with every fault a file can have turned into a clear error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.arrays import parse_npy
from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes

__all__ = ["LAYOUT", "Clip", "parse_clip", "read_bytes", "read_clip"]

LAYOUT = "openpose-18"
_JOINTS = 18
_MOST_BYTES = 1 << 26
# OpenPose reports slightly more than 1 now and then; the release goes up to 1.023.
_MOST_CONFIDENCE = 1.1
_EXPECTED = f"a .npy file of floats, shape (frames, {_JOINTS}, 3): x, y and confidence of OpenPose's joints"
_REMEDY = "Download the file again from the Pose Trainer repository."


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
        return read_bounded(path, _MOST_BYTES)
    except OSError as error:
        raise DataError(
            "A keypoint file cannot be read.",
            where=path,
            expected="a readable file",
            found=error.strerror or str(error),
            remedy="Restore the file or correct its permissions, then run aqa-bench dataset prepare again.",
        ) from error


def parse_clip(content: bytes, path: Path) -> Clip:
    """Check the content of one file; ``path`` is named in errors only.

    Raises:
        DataError: As :func:`read_clip`.
    """
    try:
        values = parse_npy(content)
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if values.dtype.kind != "f":
        raise _damaged(path, f"values of type {values.dtype}")
    if values.ndim != 3 or values.shape[1:] != (_JOINTS, 3):
        raise _damaged(path, f"shape {values.shape}")
    if len(values) < 1:
        raise _damaged(path, "no frames")
    return Clip(_checked(values, path), len(content), sha256_bytes(content))


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
        "A keypoint file is not valid.",
        where=path,
        expected=_EXPECTED,
        found=found,
        remedy=_REMEDY,
    )
