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
    random_subset,
    there_and_back,
)
from aqa_bench.media.clips import Indices

__all__ = ["TRANSFORMATIONS", "SourceVersions", "TemporalVersions"]

TRANSFORMATIONS: Final = ("forward", "forward-backward", "shuffled", "warped")
"""Classes of the first question, in this order."""


_LONG = 3
"""Possible speeds from which on the source takes steps of random length in place of a random subset."""


class TemporalVersions:
    """All four versions of each clip: forward, forward and backward, frames shuffled, steps of random length.

    These are the draws of this benchmark's first runs; :class:`SourceVersions` has those of the source.

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
        return _labelled(clips, frames, speed, numbers)


class SourceVersions:
    """The four versions as the code of Jenni et al. draws them.

    Forward, and forward and backward, are at one random speed of those for which the clip is long enough; the
    way back starts anywhere from the third frame to the last but one. The last version has steps of random
    length up to the highest speed where three speeds are possible, else a random subset of the whole clip's
    frames in their order. Only clips in which nothing could be left out are left out themselves; those that
    are long enough for one speed alone are asked for it all the same, as in the source.

    Shuffled frames are never in order and steps never all alike, which in the source happens by chance.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip, at least 4.
        speeds: Steps in frames, in rising order from 1 on.

    Attributes:
        usable: Clips of more than ``frames`` frames.
        dropped: How many are shorter.
    """

    def __init__(self, pool: FrameIndex, *, frames: int, speeds: Sequence[int]) -> None:
        self.frames = frames
        self.speeds = tuple(speeds)
        self._lengths = pool.lengths
        self.usable, self.dropped = long_enough(pool, frames * self.speeds[0] + 1)

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
        numbers = np.array([len(speeds) for speeds in possible])
        speed = rng.integers(numbers)
        strides = np.array(self.speeds)[speed].tolist()
        frames = [
            *(random_strided(n, count, s, rng) for n, s in zip(lengths, strides, strict=True)),
            *(there_and_back(n, count, s, rng) for n, s in zip(lengths, strides, strict=True)),
            *(disordered(random_strided(n, count, 1, rng), rng) for n in lengths),
            *(
                random_skips(n, count, s[-1], rng) if len(s) >= _LONG else random_subset(n, count, rng)
                for n, s in zip(lengths, possible, strict=True)
            ),
        ]
        return _labelled(clips, frames, np.stack([speed, speed]), numbers)


def _labelled(clips: Indices, frames: Sequence[Indices], speed: Indices, numbers: Indices) -> ClipDraw:
    """The versions, one behind the other; ``speed`` ``(2, N)`` is that of the first two."""
    transformation = np.repeat(np.arange(len(TRANSFORMATIONS)), len(clips))
    asked = np.concatenate([*speed, np.full(2 * len(clips), NOT_ASKED)])
    labels = class_labels((transformation, len(TRANSFORMATIONS)), (asked, np.tile(numbers, 4)))
    return ClipDraw(np.tile(clips, len(TRANSFORMATIONS)), np.stack(frames), labels)
