"""Clips with another time: sped up, played back, warped, out of order. Frame numbers alone, no pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aqa_bench.core.errors import UsageError
from aqa_bench.media.clips import Indices, strided

__all__ = [
    "chunk_shuffled", "disordered", "forward_backward", "possible_strides", "random_skips", "random_strided",
    "random_subset", "shifted_starts", "strongly_warped", "there_and_back", "warped",
]  # fmt: skip


def possible_strides(n_frames: int, count: int, strides: Sequence[int]) -> tuple[int, ...]:
    """Those of some strides at which a clip has enough frames.

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take.
        strides: Steps in frames, at least 1 each.

    Example:
        >>> possible_strides(110, 16, (1, 2, 4, 8))
        (1, 2, 4)
    """
    return tuple(stride for stride in strides if stride * count <= n_frames)


def random_strided(n_frames: int, count: int, stride: int, rng: np.random.Generator) -> Indices:
    """Every ``stride``-th frame from a random one on, within the clip.

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take, at least 1.
        stride: Step in frames, at least 1.
        rng: Draws the first frame, evenly among those from which the clip does not end too early.

    Returns:
        ``(count,)`` int64, increasing by ``stride``.

    Raises:
        UsageError: The clip is too short.
    """
    span = (count - 1) * stride
    _check_length(n_frames, span + 1)
    return strided(n_frames, count, stride, int(rng.integers(n_frames - span)))


def forward_backward(n_frames: int, count: int, stride: int, rng: np.random.Generator) -> Indices:
    """Forward to a random frame, and back again (Jenni et al., ECCV 2020: periodic).

    Where in the clip of ``count`` frames it turns is random too, but not in its first or last quarter. The
    way back starts 1 to ``stride`` frames before the turning point, so that it need not show the frames
    of the way there.

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take, at least 4.
        stride: Step in frames, at least 1.
        rng: Source of all draws.

    Returns:
        ``(count,)`` int64: increasing, then decreasing.

    Raises:
        UsageError: The clip is too short, or too few frames are asked for.
    """
    if count < 4:
        raise UsageError("There are too few frames to go forwards and back.", expected=">= 4", found=count)
    quarter = count // 4
    there = int(rng.integers(quarter, count - quarter))
    back = count - 2 - there
    offset = int(rng.integers(1, stride + 1))
    lowest = max(there * stride, offset + back * stride)
    _check_length(n_frames, lowest + 1)
    turn = int(rng.integers(lowest, n_frames))
    up = turn - stride * np.arange(there, -1, -1, dtype=np.int64)
    down = turn - offset - stride * np.arange(back + 1, dtype=np.int64)
    return np.concatenate([up, down])


def there_and_back(n_frames: int, count: int, stride: int, rng: np.random.Generator) -> Indices:
    """Forward and back again with the draws of the code of Jenni et al. (periodic).

    Of ``count - 2`` frames forward and as many back ``count`` successive ones are taken, so that the way back
    starts at any place from 2 to ``count - 2``. Its first frame lies 1 to ``stride - 1`` frames beyond the
    last of the way there; at stride 1 it is that frame or the next one.

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take, at least 4.
        stride: Step in frames, at least 1.
        rng: Source of all draws.

    Returns:
        ``(count,)`` int64: increasing, then decreasing.

    Raises:
        UsageError: The clip is too short, or too few frames are asked for.
    """
    if count < 4:
        raise UsageError("There are too few frames to go forwards and back.", expected=">= 4", found=count)
    span = (count - 1) * stride
    _check_length(n_frames, span)
    there = stride * np.arange(count - 2, dtype=np.int64)
    beyond = int(rng.integers(2)) if stride == 1 else int(rng.integers(1, stride))
    both = np.concatenate([there, there[::-1] + beyond])
    first = int(rng.integers(count - 3))
    return int(rng.integers(n_frames - span + 1)) + both[first : first + count]


def disordered(indices: Indices, rng: np.random.Generator) -> Indices:
    """The same frames in any other order, each equally probable.

    Args:
        indices: ``(T,)`` frame numbers, two of them different at least.
        rng: Source of the draw.

    Raises:
        UsageError: There is no other order.
    """
    if len(indices) < 2 or (indices == indices[0]).all():
        raise UsageError("These frames cannot be reordered.", expected="two different frames", found=indices)
    while True:
        mixed = rng.permutation(indices)
        if not np.array_equal(mixed, indices):
            return mixed


def random_skips(n_frames: int, count: int, largest: int, rng: np.random.Generator) -> Indices:
    """Steps of random length, not all alike (Jenni et al., ECCV 2020: warp).

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take, at least 3.
        largest: Longest step in frames, at least 2; steps are drawn evenly from 1 on.
        rng: Source of all draws.

    Returns:
        ``(count,)`` int64, increasing.

    Raises:
        UsageError: The clip is too short, or steps cannot differ.
    """
    if count < 3 or largest < 2:
        raise UsageError(
            "There are too few frames for steps that differ.",
            expected="at least 3 frames and steps of up to 2",
            found=f"{count} frames, steps of up to {largest}",
        )
    _check_length(n_frames, (count - 1) * largest + 1)
    steps = np.full(count - 1, largest)
    while (steps == steps[0]).all():
        steps = rng.integers(1, largest + 1, count - 1)
    offsets = np.concatenate([[0], np.cumsum(steps)])
    start = rng.integers(n_frames - int(offsets[-1]))
    return np.asarray(start + offsets, np.int64)


def random_subset(n_frames: int, count: int, rng: np.random.Generator) -> Indices:
    """Random frames of the whole clip in their order, not evenly spaced (Jenni et al.: warp of short clips).

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take, at least 3.
        rng: Source of all draws.

    Returns:
        ``(count,)`` int64, increasing.

    Raises:
        UsageError: The clip is too short to leave a frame out between others, or too few are asked for.
    """
    if count < 3:
        raise UsageError(
            "There are too few frames for steps that differ.", expected="at least 3 frames", found=count
        )
    _check_length(n_frames, count + 1)
    while True:
        chosen: Indices = np.sort(rng.permutation(n_frames)[:count]).astype(np.int64)
        if len(set(np.diff(chosen).tolist())) > 1:
            return chosen


def shifted_starts(last: int, near: int, far: int, rng: np.random.Generator) -> tuple[int, int, int]:
    """First frames of a clip, of one a little earlier or later, and of one much earlier or later.

    Args:
        last: Largest first frame; the smallest is 0.
        near: Largest distance of the second; the smallest is 1.
        far: Smallest distance of the third.
        rng: Draws the first evenly among those that the third has room for, then the others evenly.

    Raises:
        UsageError: The third has no room, or ``near`` reaches ``far``.
    """
    if not 1 <= near < far <= last:
        raise UsageError(
            "The video is too short for clips that far apart.",
            expected=f"1 <= near < far <= {last}",
            found=f"near {near}, far {far}",
        )
    starts = np.arange(last + 1)
    anchor = int(rng.choice(starts[(starts >= far) | (starts <= last - far)]))
    distance = np.abs(starts - anchor)
    positive = int(rng.choice(starts[(distance >= 1) & (distance <= near)]))
    return anchor, positive, int(rng.choice(starts[distance >= far]))


def warped(n_frames: int, count: int, strength: float, rng: np.random.Generator) -> Indices:
    """The whole clip, its speed changing a little all the time.

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take, at least 2.
        strength: Largest deviation from the mean step, as a share of it, in [0, 1).
        rng: Source of all draws.

    Returns:
        ``(count,)`` int64, non-decreasing from the first frame to the last.
    """
    return _stepped(n_frames, rng.uniform(1 - strength, 1 + strength, count - 1))


def strongly_warped(n_frames: int, count: int, factor: float, rng: np.random.Generator) -> Indices:
    """The whole clip, one half of the steps fast and the other slow, in random order.

    Args:
        n_frames: Length of the clip.
        count: Number of frames to take, at least 3.
        factor: How many times as long the fast steps are at least, above 1; at most four times that.
        rng: Source of all draws.

    Returns:
        ``(count,)`` int64, non-decreasing from the first frame to the last.
    """
    steps = 2.0 ** rng.uniform(0, 1, count - 1)
    fast = rng.permutation(count - 1) < (count - 1) // 2
    return _stepped(n_frames, np.where(fast, factor * steps, 1 / steps))


def chunk_shuffled(indices: Indices, chunks: int, rng: np.random.Generator) -> Indices:
    """The same frames, cut into equal parts that follow each other in any other order.

    Args:
        indices: ``(T,)`` frame numbers.
        chunks: Number of parts, 2 to ``T``; where ``T`` is no multiple, the first ones are longer.
        rng: Source of the draw.

    Raises:
        UsageError: There are not so many parts.
    """
    if not 2 <= chunks <= len(indices):
        raise UsageError("There are too few or too many parts.", expected=f"2..{len(indices)}", found=chunks)
    parts = np.array_split(indices, chunks)
    return np.concatenate([parts[i] for i in disordered(np.arange(chunks), rng)])


def _stepped(n_frames: int, steps: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Indices:
    places = np.concatenate([[0.0], np.cumsum(steps)])
    rounded: Indices = np.rint(places * ((n_frames - 1) / places[-1])).astype(np.int64)
    return rounded


def _check_length(found: int, needed: int) -> None:
    if found < needed:
        raise UsageError("The clip is too short.", expected=f"at least {needed} frames", found=found)
