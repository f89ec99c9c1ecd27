"""Whole clips, played several times over in the same time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, long_enough
from aqa_bench.learn.pretraining.video_classification import class_labels
from aqa_bench.media.clips import Indices, looped

__all__ = ["Repetitions"]


class Repetitions:
    """The whole clip at ``s`` times its speed, starting over ``s - 1`` times; ``s`` is the class.

    All drawn clips have as many frames and start with the first one of theirs. At normal speed no frame is
    shown twice: clips of the pool that have too few are left out.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip.
        speeds: How often a clip is played.

    Attributes:
        usable: Clips of at least ``frames`` frames.
        dropped: How many are shorter.
    """

    def __init__(self, pool: FrameIndex, *, frames: int, speeds: Sequence[int]) -> None:
        self.frames = frames
        self.speeds = tuple(speeds)
        self._lengths = pool.lengths
        self.usable, self.dropped = long_enough(pool, frames)

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """Each clip at a random speed.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        classes = rng.integers(len(self.speeds), size=len(clips))
        drawn = [
            looped(int(self._lengths[clip]), self.frames, self.speeds[c])
            for clip, c in zip(clips, classes, strict=True)
        ]
        return ClipDraw(clips, np.stack(drawn), class_labels((classes, len(self.speeds))))
