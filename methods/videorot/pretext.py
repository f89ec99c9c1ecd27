"""Clips turned by quarters."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, long_enough
from aqa_bench.learn.pretraining.video_classification import class_labels
from aqa_bench.media.clips import Indices, uniform

__all__ = ["QUARTERS", "Rotations", "turned"]

QUARTERS = 4
"""Number of rotations: 0, 90, 180 and 270 degrees."""


class Rotations:
    """Whole clips with one random rotation each; the class is the number of quarter turns.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip, spread evenly.

    Attributes:
        usable: All clips.
        dropped: None.
    """

    def __init__(self, pool: FrameIndex, *, frames: int) -> None:
        self.frames = frames
        self._lengths = pool.lengths
        self.usable, self.dropped = long_enough(pool, 1)

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """Each clip once; :func:`turned` turns its frames.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        drawn = [uniform(int(self._lengths[clip]), self.frames) for clip in clips]
        classes = rng.integers(QUARTERS, size=len(clips))
        return ClipDraw(clips, np.stack(drawn), class_labels((classes, QUARTERS)))


def turned(frames: Tensor, quarters: Tensor) -> Tensor:
    """Square clips, each turned as a whole.

    Pixels change places and nothing else: there is no border and no interpolation to know a rotation by.

    Args:
        frames: ``(M, T, side, side, 3)``.
        quarters: ``(M,)`` quarter turns anticlockwise, 0 to 3.
    """
    result, asked = frames, quarters.view(-1, 1, 1, 1, 1)
    # All turns of all clips: to read a clip's own would be to wait for the device.
    for turn in range(1, QUARTERS):
        result = torch.where(asked == turn, torch.rot90(frames, turn, dims=(2, 3)), result)
    return result
