"""Four versions of the time of a clip, at several speeds (Jenni et al., ECCV 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, long_enough
from aqa_bench.learn.pretraining.video_classification import NOT_ASKED, class_labels
from aqa_bench.media.clip_transforms import (
    disordered,
    forward_backward,
    possible_strides,
    random_skips,
    random_strided,
)
from aqa_bench.media.clips import Indices

__all__ = ["TRANSFORMATIONS", "TemporalVersions"]

TRANSFORMATIONS: Final = ("forward", "forward-backward", "shuffled", "warped")
"""Classes of the first question, in this order."""


class TemporalVersions:
    """All four versions of each clip: forward, forward and backward, frames shuffled, steps of random length.

    The first two are at random speeds of those for which the clip is long enough, each asked for its own.
    Shuffled frames follow each other in the clip; random steps reach up to the clip's highest speed. All
    are parts from random frames on, within the clip, and as long.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip, at least 4.
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
        """Every clip's first version, then every clip's second, third and fourth.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.

        Returns:
            ``4 N`` clips; labels have the transformation, and the speed of the first two versions.
        """
        count, lengths = self.frames, self._lengths[clips].tolist()
        possible = [possible_strides(n, count, self.speeds) for n in lengths]
        # A short clip cannot be played at every speed; guessing is measured among those that it can.
        numbers = np.array([len(speeds) for speeds in possible])
        speed = rng.integers(numbers, size=(2, len(clips)))
        strides = np.array(self.speeds)[speed].tolist()
        frames = [
            *(random_strided(n, count, s, rng) for n, s in zip(lengths, strides[0], strict=True)),
            *(forward_backward(n, count, s, rng) for n, s in zip(lengths, strides[1], strict=True)),
            *(disordered(random_strided(n, count, 1, rng), rng) for n in lengths),
            *(random_skips(n, count, max(s), rng) for n, s in zip(lengths, possible, strict=True)),
        ]
        transformation = np.repeat(np.arange(len(TRANSFORMATIONS)), len(clips))
        # Shuffled and warped clips have no speed to name.
        asked = np.concatenate([*speed, np.full(2 * len(clips), NOT_ASKED)])
        labels = class_labels((transformation, len(TRANSFORMATIONS)), (asked, np.tile(numbers, 4)))
        return ClipDraw(np.tile(clips, len(TRANSFORMATIONS)), np.stack(frames), labels)
