"""Triplets of frames within one clip: the same view and the same subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.learn.pretraining.triplets import Phases, TripletSampler

__all__ = ["SameClipTriplets"]


class SameClipTriplets(TripletSampler):
    """All three frames come from one clip, the positive from the other half-cycle where it has one near.

    Args:
        elevations: ``(T,)`` elevation in [0, 1] of the frames of each clip.
        gap: As for :class:`~aqa_bench.learn.pretraining.triplets.Phases`.
        near: How far in phase the other half-cycle's nearest frame may be.

    Raises:
        DataError: No clip is usable.
        RecipeError: The gap is out of range.
    """

    def __init__(
        self,
        elevations: Sequence[npt.NDArray[np.floating[Any]]],
        *,
        gap: float = 30.0,
        near: float = 12.0,
    ) -> None:
        super().__init__(Phases(elevations, gap=gap, needed=1))
        self.near = near

    def triplet(self, clip: int, rng: np.random.Generator) -> tuple[int, ...]:
        """Clip and frame of an anchor in ``clip``, of its positive, and of its negative."""
        phases = self.phases.of(clip)
        anchor = self.phases.near(clip, rng.uniform(phases.min(), phases.max()), rng)
        turn = self.phases.turns[clip]
        times = np.arange(len(phases))
        apart = np.abs(phases - phases[anchor])
        # A neighbouring frame would be an all too easy positive: nearly the same pixels. The other
        # half-cycle shows the pose again at another time.
        other_half = (times > turn) if anchor <= turn else (times <= turn)
        candidates = other_half & (apart <= self.near)
        if not candidates.any():
            candidates = times != anchor
        positive = int(np.where(candidates, apart, np.inf).argmin())
        return clip, anchor, clip, positive, clip, self.phases.beyond(clip, phases[anchor], rng)
