"""Clips of fixed length cut from long numbered recordings."""

from __future__ import annotations

import numpy as np

from aqa_bench.core.errors import UsageError
from aqa_bench.media.clips import Indices

__all__ = ["window_ending_at"]


def window_ending_at(end: int, length: int, shift: int = 0) -> Indices:
    """Numbers of the ``length`` frames that end at frame ``end``; frames are counted from 1.

    Numbers before the recording's start are held at its first frame, so that a window is always of
    full length.

    Args:
        end: Number of the last frame, at least 1.
        length: Number of frames, at least 1.
        shift: Frames by which the window is moved, negative towards the start.

    Returns:
        ``(length,)`` int64, non-decreasing, at least 1.

    Raises:
        UsageError: ``end`` or ``length`` is below 1.

    Example:
        >>> window_ending_at(103, 103)[[0, -1]].tolist()
        [1, 103]
        >>> window_ending_at(3, 5).tolist()
        [1, 1, 1, 2, 3]
    """
    if end < 1 or length < 1:
        raise UsageError(
            "This is not a window.", expected="end and length of at least 1", found=f"{end}, {length}"
        )
    return np.maximum(np.arange(end - length + 1, end + 1, dtype=np.int64) + shift, 1)
