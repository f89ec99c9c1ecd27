"""Pairs of frames of one clip in different poses, by the phase of the barbell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.image_batches import ImageBatches, planned_batches
from aqa_bench.learn.pretraining.triplets import FrameBatch
from aqa_bench.learn.training.batches import full_batches
from aqa_bench.learn.training.distributed import World

__all__ = ["PairSampler", "pair_batches"]

Indices: TypeAlias = npt.NDArray[np.int64]


class PairSampler:
    """Draws two frames of one clip whose phases differ by at least a gap.

    Args:
        elevations: ``(T,)`` elevation in [0, 1] of the frames of each clip; empty where it has none.
        gap: Smallest difference in phase, of 360.

    Attributes:
        usable: Numbers of the clips that have such frames.
        dropped: How many clips have not, by reason.

    Raises:
        RecipeError: The gap is out of range.
    """

    def __init__(self, elevations: Sequence[npt.NDArray[np.floating[Any]]], *, gap: float = 30.0) -> None:
        if not 0 <= gap < 180:
            raise RecipeError("The gap is out of range.", where="gap", expected="0 <= gap < 180", found=gap)
        self.gap = gap
        self._phases = [np.asarray(e, dtype=np.float64) * 360 for e in elevations]
        reasons = [_unusable(phases, gap) for phases in self._phases]
        self.usable: Indices = np.array([i for i, reason in enumerate(reasons) if reason is None], np.int64)
        self.dropped: Mapping[str, int] = dict(Counter(reason for reason in reasons if reason is not None))

    def draw(self, clips: npt.ArrayLike, rng: np.random.Generator) -> FrameBatch:
        """One pair of each clip: the first frame of every pair, then the second of every pair.

        Frames are drawn evenly among those that have a partner, and partners evenly among those beyond
        the gap.

        Args:
            clips: ``(N,)`` numbers of usable clips.
            rng: Source of the draws.

        Returns:
            A batch of ``2 N`` frames.
        """
        numbers = np.asarray(clips, np.int64)
        pairs = np.array([self._pair(self._phases[clip], rng) for clip in numbers], np.int64).reshape(-1, 2)
        frames = pairs.T.reshape(-1)
        both = np.concatenate([numbers, numbers])
        phases = [self._phases[clip][frame] for clip, frame in zip(both, frames, strict=True)]
        return FrameBatch(both, frames, np.array(phases))

    def _pair(self, phases: npt.NDArray[np.float64], rng: np.random.Generator) -> tuple[int, int]:
        # Frames beyond the gap, or both pictures are nearly equal, and a decoder that
        # ignores the pose paints them well.
        first = rng.choice(np.flatnonzero(_apart(phases, self.gap).any(axis=1)))
        second = rng.choice(np.flatnonzero(_apart(phases, self.gap)[first]))
        return int(first), int(second)


def pair_batches(
    pool: FrameIndex, sampler: PairSampler, batch_size: int, seed: int, world: World
) -> ImageBatches:
    """One pair of frames per epoch of every usable clip.

    Args:
        pool: Where frames are read.
        sampler: Over the pool's elevations.
        batch_size: Pairs per batch; it has twice as many frames: first ones, then second ones.
        seed: Seed of all draws.
        world: Which share of the batches this process computes; ``batch_size`` is that of a process.

    Returns:
        The batches of an epoch. What is left over makes no batch, unless it is all there is.
    """

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        clips = rng.permutation(sampler.usable)
        for part in full_batches(len(clips), batch_size):
            yield sampler.draw(clips[part], rng)

    return planned_batches(pool, plan, "pairs", seed, world)


def _apart(phases: npt.NDArray[np.float64], gap: float) -> npt.NDArray[np.bool_]:
    apart: npt.NDArray[np.bool_] = np.abs(phases[:, None] - phases[None, :]) >= gap
    # With a gap of 0 every frame would be its own partner.
    np.fill_diagonal(apart, val=False)
    return apart


def _unusable(phases: npt.NDArray[np.float64], gap: float) -> str | None:
    if not len(phases) or not np.isfinite(phases).all():
        return "without a usable trajectory"
    return None if _apart(phases, gap).any() else "with no frames beyond the gap"
