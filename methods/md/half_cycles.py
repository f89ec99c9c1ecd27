"""Triplets of clips from the two halves of a repetition (Parmar et al., ECCV 2022, section 3.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import torch

from aqa_bench.core.errors import DataError
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, temporal_shift
from aqa_bench.media.clips import Indices
from aqa_bench.media.trajectory import half_cycles

__all__ = ["HalfCycleTriplets"]


class HalfCycleTriplets:
    """Anchor and positive are the first half of a repetition, the negative is the second half.

    One of them runs backwards, by chance either anchor and positive or the negative, so that all three
    show the same global motion, once all down or once all up, and only what sets the halves apart can
    tell them. Each of the three is shifted in time by a draw of its own, held at the clip's ends.

    Args:
        pool: Clips with trajectories.
        frames: Frames of either half, spread evenly.
        max_shift: Largest shift either way, in frames of the pool; half of the clips are shifted.
        reversal: Whether one side runs backwards; without it global motion tells the halves.

    Attributes:
        usable: Clips that turn, with at least 8 frames in both halves.
        dropped: How many do not, by reason.
    """

    def __init__(
        self, pool: FrameIndex, *, frames: int = 16, max_shift: int = 3, reversal: bool = True
    ) -> None:
        self.max_shift = max_shift
        self.reversal = reversal
        self._lengths = pool.lengths
        self._halves: dict[int, tuple[Indices, Indices]] = {}
        reasons: Counter[str] = Counter()
        for number, (sample, kept) in enumerate(zip(pool.samples, pool.indices, strict=True)):
            try:
                # The trajectory counts all frames of the video, the pool only those that it keeps.
                halves = half_cycles(sample.media.trajectory(), frames)
            except DataError:
                reasons["without two half-cycles of a trajectory"] += 1
                continue
            first, second = (_nearest(kept, half) for half in halves)
            self._halves[number] = first, second
        self.usable: Indices = np.array(sorted(self._halves), np.int64)
        self.dropped: Mapping[str, int] = dict(reasons)

    def halves(self, clip: int) -> tuple[Indices, Indices]:
        """Positions ``(T,)`` of both halves among the kept frames of a usable clip, in order of time."""
        return self._halves[clip]

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """Anchors, then positives, then negatives of the given clips; labels are 0, 1 and 2.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        first = np.stack([self._halves[int(clip)][0] for clip in clips])
        second = np.stack([self._halves[int(clip)][1] for clip in clips])
        if self.reversal:
            # By chance, or the direction of the global motion would always give the negative away.
            backwards = (rng.random(len(clips)) < 0.5)[:, None]
            first = np.where(backwards, first[:, ::-1], first)
            second = np.where(backwards, second, second[:, ::-1])
        stacked = ClipDraw.stacked((clips, first), (clips, first), (clips, second))
        # Seeded from the batch's own generator: one stream of draws, in NumPy and PyTorch alike.
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        lengths = torch.from_numpy(self._lengths[stacked.clips])
        # Anchor and positive are the same frames so far; a shift of its own sets each apart.
        shifted = temporal_shift(torch.from_numpy(stacked.frames), lengths, self.max_shift, generator)
        return ClipDraw(stacked.clips, shifted.numpy(), stacked.labels)


def _nearest(kept: Indices, wanted: Indices) -> Indices:
    """Positions of the kept frame numbers nearest to those wanted."""
    nearest: Indices = np.abs(kept[:, None] - wanted[None, :]).argmin(axis=0)
    return nearest
