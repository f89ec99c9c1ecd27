"""Triplets of clips, the negative more distorted in time than the positive."""

from __future__ import annotations

import numpy as np

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.video_batches import ClipDraw, long_enough
from aqa_bench.media.clip_transforms import chunk_shuffled, strongly_warped, warped
from aqa_bench.media.clips import Indices, uniform

__all__ = ["DistortionTriplets"]


class DistortionTriplets:
    """The whole clip; the whole clip slightly warped; the whole clip strongly warped, or cut and shuffled.

    All have as many frames, and warped ones the same first and last: only what lies between tells them.

    Args:
        pool: Frames of clips.
        frames: Frames of a drawn clip.
        mild: Largest deviation of the positive's steps from their mean, as a share of it.
        strong: How many times as long a strongly warped negative's fast steps are as its slow ones, at least.
        chunks: Parts that the other negatives are cut into.

    Attributes:
        usable: Clips with twice as many frames as a drawn clip, so that steps can be shorter and longer.
        dropped: How many are shorter.
    """

    def __init__(
        self, pool: FrameIndex, *, frames: int, mild: float = 0.1, strong: float = 3.0, chunks: int = 4
    ) -> None:
        self.frames, self.mild, self.strong, self.chunks = frames, mild, strong, chunks
        self._lengths = pool.lengths
        self.usable, self.dropped = long_enough(pool, 2 * frames)

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """Anchors, then positives, then negatives of the given clips; labels are 0, 1 and 2.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        lengths = self._lengths[clips].tolist()
        anchor = [uniform(n, self.frames) for n in lengths]
        positive = [warped(n, self.frames, self.mild, rng) for n in lengths]
        negative = [
            strongly_warped(n, self.frames, self.strong, rng)
            # Two kinds of distortion, by chance, so that no single trace of one
            # of them is learnt as the answer.
            if rng.random() < 0.5
            else chunk_shuffled(whole, self.chunks, rng)
            for n, whole in zip(lengths, anchor, strict=True)
        ]
        return ClipDraw.stacked(*((clips, np.stack(part)) for part in (anchor, positive, negative)))
