"""Batches of frames for pre-training, drawn anew in every epoch from the epoch's own seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.pairs import PairSampler
from aqa_bench.learn.pretraining.triplets import FrameBatch, TripletSampler
from aqa_bench.learn.training.distributed import World
from aqa_bench.learn.training.prefetch import prefetch

__all__ = [
    "ImageBatch",
    "ImageBatches",
    "elevation_batches",
    "pair_batches",
    "single_frame_batches",
    "triplet_batches",
]

_ALONE = World()


class ImageBatch(NamedTuple):
    """Frames and what is known of them.

    Attributes:
        images: ``(N, side, side, 3)`` uint8 RGB.
        clips: ``(N,)`` clip numbers, int64.
        phases: ``(N,)`` phases in [0, 360], float32.
        seed: Seed of what the batch's augmentation draws.
    """

    images: Tensor
    clips: Tensor
    phases: Tensor
    seed: int

    def generator(self) -> torch.Generator:
        """A CPU generator seeded with :attr:`seed`."""
        return torch.Generator().manual_seed(self.seed)


ImageBatches: TypeAlias = Callable[[int], Iterator[ImageBatch]]
"""What :func:`aqa_bench.learn.training.loop.fit` takes: the batches of an epoch."""


def triplet_batches(
    pool: FrameIndex, sampler: TripletSampler, batch_size: int, seed: int, world: World = _ALONE
) -> ImageBatches:
    """One triplet an epoch for every usable clip as anchor.

    Args:
        pool: Where frames are read.
        sampler: Over the pool's elevations.
        batch_size: Triplets a batch; it has three times as many frames: anchors, positives, negatives.
        seed: Seed of all draws.
        world: Which share of the batches this process computes; ``batch_size`` is that of a process.

    Returns:
        The batches of an epoch. What is left over makes no batch, unless it is all there is.
    """
    _at_least(1, batch_size=batch_size)

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        anchors = rng.permutation(sampler.usable)
        for start in _starts(len(anchors), batch_size):
            yield sampler.draw(anchors[start : start + batch_size], rng).stacked()

    return _batches(pool, plan, "triplets", seed, world)


def elevation_batches(
    pool: FrameIndex,
    sampler: TripletSampler,
    elevations: int,
    videos: int,
    steps: int,
    seed: int,
    world: World = _ALONE,
) -> ImageBatches:
    """Batches of several clips at the same elevations, for the loss over all triplets of a batch.

    Args:
        pool: Where frames are read.
        sampler: Over the pool's elevations.
        elevations: Elevations a batch.
        videos: Clips a batch.
        steps: Batches an epoch, of all processes together.
        seed: Seed of all draws.
        world: Which share of the batches this process computes.
    """
    _at_least(1, steps=steps)

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        for _ in range(steps):
            yield sampler.elevation_grid(elevations, videos, rng)

    return _batches(pool, plan, "elevations", seed, world)


def pair_batches(
    pool: FrameIndex, sampler: PairSampler, batch_size: int, seed: int, world: World = _ALONE
) -> ImageBatches:
    """One pair of frames an epoch of every usable clip.

    Args:
        pool: Where frames are read.
        sampler: Over the pool's elevations.
        batch_size: Pairs a batch; it has twice as many frames: first ones, then second ones.
        seed: Seed of all draws.
        world: Which share of the batches this process computes; ``batch_size`` is that of a process.

    Returns:
        The batches of an epoch. What is left over makes no batch, unless it is all there is.
    """
    _at_least(1, batch_size=batch_size)

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        clips = rng.permutation(sampler.usable)
        for start in _starts(len(clips), batch_size):
            yield sampler.draw(clips[start : start + batch_size], rng)

    return _batches(pool, plan, "pairs", seed, world)


def single_frame_batches(
    pool: FrameIndex, batch_size: int, seed: int, world: World = _ALONE, *, repeats: int = 1
) -> ImageBatches:
    """Random frames, each clip ``repeats`` times an epoch; phases are 0.

    Args:
        pool: Where frames are read.
        batch_size: Frames a batch.
        seed: Seed of all draws.
        world: Which share of the batches this process computes.
        repeats: Frames a clip and epoch.

    Returns:
        The batches of an epoch. What is left over makes no batch, unless it is all there is.

    Raises:
        DataError: The pool has fewer than two clips.
        RecipeError: A count is below 1.
    """
    _at_least(1, batch_size=batch_size, repeats=repeats)
    if len(pool) < 2:
        raise DataError(
            "The pool has too few clips to pre-train on.",
            expected="at least 2 clips",
            found=len(pool),
            remedy="Give a larger pool.",
        )

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        clips = np.concatenate([rng.permutation(len(pool)) for _ in range(repeats)])
        frames = rng.integers(pool.lengths[clips])
        for start in _starts(len(clips), batch_size):
            part = slice(start, start + batch_size)
            yield FrameBatch(clips[part], frames[part], np.zeros(len(clips[part])))

    return _batches(pool, plan, "frames", seed, world)


def _batches(
    pool: FrameIndex,
    plan: Callable[[np.random.Generator], Iterator[FrameBatch]],
    name: str,
    seed: int,
    world: World,
) -> ImageBatches:
    def read(epoch: int) -> Iterator[ImageBatch]:
        rng = np.random.default_rng(derive_seed(seed, name, epoch))
        for number, batch in enumerate(world.share(plan(rng))):
            yield ImageBatch(
                pool.read(batch.clips, batch.frames),
                torch.from_numpy(batch.clips),
                torch.from_numpy(batch.phases.astype(np.float32)),
                derive_seed(seed, name, epoch, number, world.rank),
            )

    # A pool that is decoded on the fly keeps a thread busy; array reads are not worth one.
    return lambda epoch: prefetch(read(epoch), depth=0 if pool.is_fast else 2)


def _starts(count: int, size: int) -> range:
    return range(0, max(count - count % size, 1), size)


def _at_least(minimum: int, **values: int) -> None:
    for name, value in values.items():
        if value < minimum:
            raise RecipeError(
                "A count of the pre-training is out of range.",
                where=name,
                expected=f"at least {minimum}",
                found=value,
            )
