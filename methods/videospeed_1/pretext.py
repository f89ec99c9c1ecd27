"""Parts of clips at several speeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, long_enough
from aqa_bench.learn.pretraining.video_classification import class_labels
from aqa_bench.media.clip_transforms import random_strided
from aqa_bench.media.clips import Indices

__all__ = ["SpeedDraws"]


class SpeedDraws:
    """Every ``s``-th frame from a random one on; the class is the number of the speed ``s``.

    Clips are as long at all speeds, and none is looped or held at its end, which would give fast ones away:
    those of the pool that are too short for the highest speed are left out.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip.
        speeds: Steps in frames.

    Attributes:
        usable: Clips of at least ``frames`` times the highest speed.
        dropped: How many are shorter.
    """

    def __init__(self, pool: FrameIndex, *, frames: int, speeds: Sequence[int]) -> None:
        self.frames = frames
        self.speeds = tuple(speeds)
        self._lengths = pool.lengths
        self.usable, self.dropped = long_enough(pool, frames * max(speeds))

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """One clip of each at a random speed.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        classes = rng.integers(len(self.speeds), size=len(clips))
        drawn = [
            random_strided(int(self._lengths[clip]), self.frames, self.speeds[c], rng)
            for clip, c in zip(clips, classes, strict=True)
        ]
        return ClipDraw(clips, np.stack(drawn), class_labels((classes, len(self.speeds))))
