"""Which clips of a pool are long enough to draw from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.media.clips import Indices

__all__ = ["long_enough"]


def long_enough(pool: FrameIndex, frames: int) -> tuple[Indices, Mapping[str, int]]:
    """Numbers of the clips with so many kept frames, and how many clips have fewer, by reason.

    Args:
        pool: Frames of clips.
        frames: Fewest kept frames.
    """
    enough = pool.lengths >= frames
    short = int((~enough).sum())
    return np.flatnonzero(enough).astype(np.int64), {f"shorter than {frames} frames": short} if short else {}
