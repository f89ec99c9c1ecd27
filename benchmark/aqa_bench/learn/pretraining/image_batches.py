"""Batches of frames for pre-training, drawn anew in every epoch from the epoch's own seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.triplets import FrameBatch, TripletSampler
from aqa_bench.learn.training.batches import full_batches, prefetch
from aqa_bench.learn.training.distributed import World

__all__ = [
    "ImageBatch",
    "ImageBatches",
    "planned_batches",
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
    """One triplet per epoch for every usable clip as anchor.

    Args:
        pool: Where frames are read.
        sampler: Over the pool's elevations.
        batch_size: Triplets per batch; it has three times as many frames: anchors, positives, negatives.
        seed: Seed of all draws.
        world: Which share of the batches this process computes; ``batch_size`` is that of a process.

    Returns:
        The batches of an epoch. What is left over makes no batch, unless it is all there is.
    """

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        # Every clip is an anchor once per epoch, so that long clips do not count more than short ones.
        anchors = rng.permutation(sampler.usable)
        for part in full_batches(len(anchors), batch_size):
            yield sampler.draw(anchors[part], rng).stacked()

    return planned_batches(pool, plan, "triplets", seed, world)


def single_frame_batches(
    pool: FrameIndex, batch_size: int, seed: int, world: World = _ALONE, *, repeats: int = 1
) -> ImageBatches:
    """Random frames, each clip ``repeats`` times an epoch; phases are 0.

    Args:
        pool: Where frames are read.
        batch_size: Frames per batch.
        seed: Seed of all draws.
        world: Which share of the batches this process computes.
        repeats: Frames per clip and epoch.

    Returns:
        The batches of an epoch. What is left over makes no batch, unless it is all there is.

    Raises:
        DataError: The pool has fewer than two clips.
    """
    if len(pool) < 2:
        raise DataError(
            "The pool has too few clips to pre-train on.",
            expected="at least 2 clips",
            found=len(pool),
            remedy="Use a larger pool.",
        )

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        # Permutation after permutation keeps two frames of one clip out of a batch as far as it can.
        clips = np.concatenate([rng.permutation(len(pool)) for _ in range(repeats)])
        frames = rng.integers(pool.lengths[clips])
        for part in full_batches(len(clips), batch_size):
            yield FrameBatch(clips[part], frames[part], np.zeros(len(clips[part])))

    return planned_batches(pool, plan, "frames", seed, world)


def planned_batches(
    pool: FrameIndex,
    plan: Callable[[np.random.Generator], Iterator[FrameBatch]],
    name: str,
    seed: int,
    world: World = _ALONE,
) -> ImageBatches:
    """Batches of frames that a plan draws.

    Args:
        pool: Where frames are read.
        plan: Frames of the batches of an epoch, drawn from the epoch's generator.
        name: Names the draws.
        seed: Seed of all draws.
        world: Which share of the batches this process computes.
    """

    def read(epoch: int) -> Iterator[ImageBatch]:
        # A generator for each epoch, so that a resumed run draws what an
        # uninterrupted one would have drawn.
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
