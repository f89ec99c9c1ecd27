"""Parts of clips at several speeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, long_enough
from aqa_bench.learn.pretraining.video_classification import class_labels
from aqa_bench.media.clip_transforms import possible_strides, random_strided
from aqa_bench.media.clips import Indices

__all__ = ["SpeedDraws"]


class SpeedDraws:
    """Every ``s``-th frame from a random one on; the class is the number of the speed ``s``.

    Clips are as long at all speeds, and none is looped or held at its end, which would give fast ones away.
    A clip of the pool that is too short for the highest speeds is drawn at those for which it has ``frames``
    times as many frames; labels say how many there were to choose from.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip.
        speeds: Steps in frames, in rising order.

    Attributes:
        usable: Clips long enough for two speeds.
        dropped: How many are shorter.
    """

    def __init__(self, pool: FrameIndex, *, frames: int, speeds: Sequence[int]) -> None:
        self.frames = frames
        self.speeds = tuple(speeds)
        self._lengths = pool.lengths
        self.usable, self.dropped = long_enough(pool, frames * self.speeds[1])

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """One clip of each at a random speed.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        lengths = self._lengths[clips].tolist()
        numbers = np.array([len(possible_strides(n, self.frames, self.speeds)) for n in lengths])
        classes = rng.integers(numbers)
        drawn = [
            random_strided(n, self.frames, self.speeds[c], rng) for n, c in zip(lengths, classes, strict=True)
        ]
        return ClipDraw(clips, np.stack(drawn), class_labels((classes, numbers)))
