"""Clips of whole dives, labelled with the class of the dive."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.dive_classes import dive_class, dive_labels
from aqa_bench.learn.pretraining.video_batches import ClipDraw, temporal_shift
from aqa_bench.media.clips import Indices, uniform

__all__ = ["LabelledDives"]


class LabelledDives:
    """Each dive once, from its first frame to its last, with the places of its attributes as labels.

    Args:
        pool: Dives whose media tell their class.
        frames: Frames of a dive, spread evenly.
        max_shift: Largest shift in time either way, in frames of the pool; half of the dives are shifted.

    Attributes:
        usable: Dives that tell their class.
        dropped: How many do not, by reason.
    """

    def __init__(self, pool: FrameIndex, *, frames: int, max_shift: int = 3) -> None:
        self.frames = frames
        self.max_shift = max_shift
        self._lengths = pool.lengths
        classes = {number: dive_class(sample) for number, sample in enumerate(pool.samples)}
        self._labels = {number: dive_labels(kind) for number, kind in classes.items() if kind is not None}
        self.usable: Indices = np.array(sorted(self._labels), np.int64)
        missing = len(classes) - len(self._labels)
        self.dropped: Mapping[str, int] = {"without the class of a dive": missing} if missing else {}

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """The given dives; labels are ``(N, 5)``.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        lengths = self._lengths[clips]
        whole = torch.from_numpy(np.stack([uniform(int(length), self.frames) for length in lengths]))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        shifted = temporal_shift(whole, torch.from_numpy(lengths), self.max_shift, generator)
        return ClipDraw(clips, shifted.numpy(), np.stack([self._labels[int(clip)] for clip in clips]))
