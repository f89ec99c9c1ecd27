"""Time: which frame numbers of a clip to read, and sequences brought to one length.

pytorchvideo's clip samplers cut spans of seconds out of a video, not frames, so they do not serve here.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError, UsageError

__all__ = [
    "Indices",
    "half_cycle",
    "looped",
    "pad_time",
    "resample_time",
    "shuffled",
    "still",
    "strided",
    "uniform",
]

Indices = npt.NDArray[np.int64]


def uniform(n_frames: int, count: int) -> Indices:
    """Frames spread evenly over a clip, its first and last included.

    Args:
        n_frames: Length of the clip, at least 1.
        count: Number of frames to take, at least 1; frames repeat where it exceeds ``n_frames``.

    Returns:
        ``(count,)`` int64, non-decreasing; the middle frame where ``count`` is 1.

    Example:
        >>> uniform(11, 5).tolist()
        [0, 3, 5, 8, 10]
    """
    _positive(n_frames=n_frames, count=count)
    return _between(0, n_frames - 1, count)


def strided(n_frames: int, count: int, stride: int = 1, start: int = 0, *, loop: bool = True) -> Indices:
    """Every ``stride``-th frame from ``start`` on.

    Args:
        n_frames: Length of the clip, at least 1.
        count: Number of frames to take, at least 1.
        stride: Step in frames, at least 1.
        start: First frame, in ``[0, n_frames)``.
        loop: Whether the clip starts over when it ends; otherwise its last frame is held.

    Returns:
        ``(count,)`` int64.

    Example:
        >>> strided(5, 4, stride=2, start=1).tolist()
        [1, 3, 0, 2]
    """
    _positive(n_frames=n_frames, count=count, stride=stride)
    if not 0 <= start < n_frames:
        raise UsageError("The first frame is outside the clip.", expected=f"0..{n_frames - 1}", found=start)
    indices = start + stride * np.arange(count, dtype=np.int64)
    return indices % n_frames if loop else np.minimum(indices, n_frames - 1)


def looped(n_frames: int, count: int, times: int = 1) -> Indices:
    """The whole clip at a multiple of its speed, played as many times over.

    Args:
        n_frames: Length of the clip, at least 1.
        count: Number of frames to take, at least 1.
        times: How often the clip is played, and how much faster: every ``times * n_frames / count``-th
            frame is taken, and the clip starts over when it ends.

    Returns:
        ``(count,)`` int64.

    Example:
        >>> looped(8, 4).tolist(), looped(8, 4, times=2).tolist()
        ([0, 2, 4, 6], [0, 4, 0, 4])
    """
    _positive(n_frames=n_frames, count=count, times=times)
    return np.arange(count, dtype=np.int64) * (times * n_frames) // count % n_frames


def still(indices: Indices) -> Indices:
    """The middle frame in place of all: a clip without motion.

    Example:
        >>> still(uniform(9, 3)).tolist()
        [4, 4, 4]
    """
    return np.full_like(indices, indices[len(indices) // 2])


def shuffled(indices: Indices, rng: np.random.Generator) -> Indices:
    """The same frames in a random order: a clip without the order of its motion."""
    return rng.permutation(indices)


def half_cycle(n_frames: int, turning_point: int, frames: int = 16) -> tuple[Indices, Indices]:
    """Frames spread evenly over the two halves of a repetition; both include the turning point.

    Args:
        n_frames: Length of the clip.
        turning_point: Frame at which the first half ends and the second begins.
        frames: Number of frames of either half, at least 2.

    Returns:
        Two ``(frames,)`` int64 arrays: ``0..turning_point`` and ``turning_point..n_frames - 1``.

    Example:
        >>> [half.tolist() for half in half_cycle(9, 4, frames=3)]
        [[0, 2, 4], [4, 6, 8]]
    """
    _positive(n_frames=n_frames, frames=frames - 1)
    if not 0 <= turning_point < n_frames:
        raise UsageError(
            "The turning point is outside the clip.", expected=f"0..{n_frames - 1}", found=turning_point
        )
    return _between(0, turning_point, frames), _between(turning_point, n_frames - 1, frames)


def _between(first: int, last: int, count: int) -> Indices:
    if count == 1:
        return np.array([(first + last) // 2], dtype=np.int64)
    steps = count - 1
    # Whole numbers, rounded half up: floating point breaks ties by accident.
    return first + (2 * np.arange(count, dtype=np.int64) * (last - first) + steps) // (2 * steps)


def _positive(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise UsageError(f"The number of {name} is too small.", expected=">= 1", found=value)


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
        # One frame is the middle: half of the way to the last one.
        numerator, steps = np.array([last]), 2
    low, rest = np.divmod(numerator, steps)
    fraction = (rest / steps).astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1))
    start = x[low]
    # Not start + 0 * (next - start): a NaN in the next frame would spread to a frame that is kept exactly.
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
            "The sequence is longer than the padded length.",
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
            "A sequence cannot be resampled to the requested length.",
            expected="at least one frame, and a length of at least 1",
            found=f"shape {x.shape}, length {length}",
        )
    return x.astype(np.float64 if x.dtype == np.float64 else np.float32, copy=False)
