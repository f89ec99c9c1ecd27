"""Triplets of clips, the negative more shifted in time than the positive."""

from __future__ import annotations

import numpy as np

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, long_enough
from aqa_bench.media.clip_transforms import shifted_starts
from aqa_bench.media.clips import Indices, strided

__all__ = ["ShiftTriplets"]


class ShiftTriplets:
    """Three parts of a clip at one speed: the positive starts near the anchor, the negative far from it.

    Either starts earlier or later by chance, and all lie within the clip. A clip without room for that is
    taken at the largest step below ``stride`` that leaves room.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip.
        stride: Largest step in frames.
        near: Largest shift of the positive in frames of the pool; the smallest is 1.
        far: Smallest shift of the negative, more than ``near``.

    Attributes:
        usable: Clips long enough for a negative at step 1.
        dropped: How many are shorter.
    """

    def __init__(
        self, pool: FrameIndex, *, frames: int, stride: int = 2, near: int = 3, far: int = 8
    ) -> None:
        self.frames, self.stride, self.near, self.far = frames, stride, near, far
        self._lengths = pool.lengths
        self.usable, self.dropped = long_enough(pool, frames + far)

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """Anchors, then positives, then negatives of the given clips; labels are 0, 1 and 2.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        lengths = self._lengths[clips].tolist()
        strides = [min(self.stride, (n - 1 - self.far) // (self.frames - 1)) for n in lengths]
        starts = [
            shifted_starts(n - 1 - (self.frames - 1) * stride, self.near, self.far, rng)
            for n, stride in zip(lengths, strides, strict=True)
        ]
        parts = [
            np.stack(
                [strided(n, self.frames, *rest) for n, *rest in zip(lengths, strides, part, strict=True)]
            )
            for part in zip(*starts, strict=True)
        ]
        return ClipDraw.stacked(*((clips, part) for part in parts))
