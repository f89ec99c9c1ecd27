"""Batches of clips for pre-training, drawn anew in every epoch from the epoch's own seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.video_features import read_clips
from aqa_bench.learn.training.batches import full_batches, prefetch
from aqa_bench.learn.training.distributed import World
from aqa_bench.media.clips import Indices

__all__ = [
    "ClipDraw",
    "ClipSampler",
    "VideoBatch",
    "VideoBatches",
    "clip_batches",
    "drawn_batch",
    "long_enough",
    "temporal_shift",
]

_ALONE = World()


@dataclass(frozen=True, slots=True)
class ClipDraw:
    """Which frames make the clips of a batch.

    Attributes:
        clips: ``(M,)`` numbers of the pool's clips.
        frames: ``(M, T)`` positions among their kept frames, in the order of playing.
        labels: ``(M, ...)`` what a pretext asks of each; empty where it asks nothing.
    """

    clips: Indices
    frames: Indices
    labels: Indices

    @classmethod
    def stacked(cls, *parts: tuple[Indices, Indices]) -> ClipDraw:
        """Several views of clips, one part behind the other; labels are the parts' numbers.

        Args:
            *parts: ``(N,)`` clip numbers and ``(N, T)`` positions of each.
        """
        return cls(
            np.concatenate([clips for clips, _ in parts]),
            np.concatenate([frames for _, frames in parts]),
            np.repeat(np.arange(len(parts)), [len(clips) for clips, _ in parts]),
        )


class ClipSampler(Protocol):
    """Draws clips out of the clips of a pool: the heart of a pretext task.

    Attributes:
        usable: Numbers of the pool's clips that can be drawn from.
        dropped: How many cannot, by reason.
    """

    usable: Indices
    dropped: Mapping[str, int]

    def draw(self, clips: Indices, rng: np.random.Generator) -> ClipDraw:
        """What is made of the given clips.

        Args:
            clips: ``(N,)`` usable clip numbers.
            rng: Source of all draws.
        """
        ...


class VideoBatch(NamedTuple):
    """Clips and what is known of them.

    Attributes:
        frames: ``(M, T, side, side, 3)`` uint8 RGB.
        clips: ``(M,)`` clip numbers, int64.
        labels: ``(M, ...)`` int64.
        seed: Seed of what the batch's augmentation draws.
    """

    frames: Tensor
    clips: Tensor
    labels: Tensor
    seed: int

    def generator(self) -> torch.Generator:
        """A CPU generator seeded with :attr:`seed`."""
        return torch.Generator().manual_seed(self.seed)


VideoBatches: TypeAlias = Callable[[int], Iterator[VideoBatch]]
"""What :func:`aqa_bench.learn.training.loop.fit` takes: the batches of an epoch."""


def drawn_batch(pool: FrameIndex, draw: ClipDraw, seed: int) -> VideoBatch:
    """The clips of a draw, read.

    Args:
        pool: Where frames are read.
        draw: Which frames.
        seed: Seed of what the batch's augmentation draws.
    """
    return VideoBatch(
        read_clips(pool, draw.clips, draw.frames),
        torch.from_numpy(draw.clips),
        torch.from_numpy(draw.labels),
        seed,
    )


def clip_batches(
    pool: FrameIndex, sampler: ClipSampler, batch_size: int, seed: int, world: World = _ALONE
) -> VideoBatches:
    """Every usable clip once per epoch, in random order.

    Args:
        pool: Where frames are read.
        sampler: Says what is made of the pool's clips.
        batch_size: Clips of the pool per batch; the sampler may make several of each.
        seed: Seed of all draws.
        world: Which share of the batches this process computes; ``batch_size`` is that of a process.

    Returns:
        The batches of an epoch. What is left over makes no batch, unless it is all there is.

    Raises:
        RecipeError: The batch size is below 1.
    """

    def plan(rng: np.random.Generator) -> Iterator[ClipDraw]:
        order = rng.permutation(sampler.usable)
        for part in full_batches(len(order), batch_size):
            yield sampler.draw(order[part], rng)

    def read(epoch: int) -> Iterator[VideoBatch]:
        # A generator for each epoch, so that a resumed run draws what an
        # uninterrupted one would have drawn.
        rng = np.random.default_rng(derive_seed(seed, "clips", epoch))
        # Every process plans all batches from one seed and reads its own;
        # nothing has to be sent between them.
        for number, draw in enumerate(world.share(plan(rng))):
            yield drawn_batch(pool, draw, derive_seed(seed, "clips", epoch, number, world.rank))

    # A pool that is decoded on the fly keeps a thread busy; array reads are not worth one.
    return lambda epoch: prefetch(read(epoch), depth=0 if pool.is_fast else 2)


def long_enough(pool: FrameIndex, frames: int) -> tuple[Indices, Mapping[str, int]]:
    """Numbers of the clips with so many kept frames, and how many clips have fewer, by reason.

    Args:
        pool: Frames of clips.
        frames: Fewest kept frames.
    """
    enough = pool.lengths >= frames
    short = int((~enough).sum())
    return np.flatnonzero(enough).astype(np.int64), {f"shorter than {frames} frames": short} if short else {}


def temporal_shift(
    indices: Tensor, lengths: Tensor, max_shift: int, generator: torch.Generator, p: float = 0.5
) -> Tensor:
    """Shift the frame numbers of each clip by a draw of its own, held at the clip's ends.

    Args:
        indices: ``(N, T)`` frame numbers, int64.
        lengths: ``(N,)`` frames of each clip.
        max_shift: Largest shift either way, in frames.
        generator: CPU generator of all draws.
        p: Probability of a shift.

    Returns:
        ``(N, T)`` frame numbers, each within ``[0, length)`` of its clip.

    Example:
        >>> still = temporal_shift(torch.tensor([[0, 5]]), torch.tensor([9]), 0, torch.Generator())
        >>> still.tolist()
        [[0, 5]]
    """
    count = len(indices)
    # Both draws for all clips, shifted or not, so that one clip's luck does not move the draws of the next.
    chosen = torch.rand(count, generator=generator) < p
    shift = torch.randint(-max_shift, max_shift + 1, (count,), generator=generator) * chosen
    moved = indices + shift[:, None].to(indices.device)
    last = (lengths.to(indices.device) - 1)[:, None]
    # Held at the ends, not wrapped: a jump from last frame to first would give the shift away.
    return torch.minimum(moved.clamp_min(0), last)
