"""Sequences brought to a common length."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError

__all__ = ["pad_time", "resample_time"]


def resample_time(x: NDArray[Any], length: int) -> NDArray[np.floating[Any]]:
    """Stretch or squeeze a sequence by linear interpolation.

    The first and last frames are kept exactly, and so is every frame that falls on a frame; the
    duration is lost. NaN frames spread to the frames interpolated from them.

    Args:
        x: ``(T, ...)``, at least one frame.
        length: Frames wanted, at least 1; one frame is the middle of the sequence.

    Returns:
        ``(length, ...)``, float32 unless ``x`` is float64.

    Raises:
        DataError: The sequence is empty or the length is below 1.

    Example:
        >>> resample_time(np.array([[0.0], [1.0], [4.0]]), 5)[:, 0].tolist()
        [0.0, 0.5, 1.0, 2.5, 4.0]
    """
    x = _sequence(x, length)
    last = len(x) - 1
    steps = max(length - 1, 1)
    # Integer arithmetic, so that positions which coincide with frames do so exactly.
    numerator = np.arange(length, dtype=np.int64) * last
    if length == 1:
        numerator, steps = np.array([last]), 2
    low, rest = np.divmod(numerator, steps)
    fraction = (rest / steps).astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1))
    start = x[low]
    return np.where(fraction == 0, start, start + fraction * (x[np.minimum(low + 1, last)] - start))


def pad_time(
    x: NDArray[Any], length: int, mode: Literal["zeros", "edge", "loop"] = "zeros"
) -> NDArray[np.floating[Any]]:
    """Fill a sequence up at its end.

    Args:
        x: ``(T, ...)`` with ``1 <= T <= length``.
        length: Frames wanted.
        mode: ``"zeros"``, ``"edge"`` (hold the last frame) or ``"loop"`` (start again).

    Returns:
        ``(length, ...)``, float32 unless ``x`` is float64.

    Raises:
        DataError: The sequence is empty or longer than ``length``.
    """
    x = _sequence(x, length)
    if len(x) > length:
        raise DataError(
            "The sequence is longer than the length to pad it to.",
            expected=f"at most {length} frames",
            found=f"{len(x)} frames",
            remedy="Crop or resample it first, or pad to a greater length.",
        )
    if mode == "loop":
        return x[np.arange(length) % len(x)]
    filler = x[-1:] if mode == "edge" else np.zeros_like(x[-1:])
    return np.concatenate([x, np.repeat(filler, length - len(x), axis=0)])


def _sequence(x: NDArray[Any], length: int) -> NDArray[np.floating[Any]]:
    x = np.asarray(x)
    if x.ndim < 1 or len(x) == 0 or length < 1:
        raise DataError(
            "A sequence cannot be brought to the length asked for.",
            expected="at least one frame, and a length of at least 1",
            found=f"shape {x.shape}, length {length}",
        )
    return x.astype(np.float64 if x.dtype == np.float64 else np.float32, copy=False)
