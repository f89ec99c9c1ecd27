"""A pretext task on clips: what is learnt from the clips that a sampler makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.pretext import Pretext
from aqa_bench.learn.pretraining.video_batches import (
    ClipSampler,
    VideoBatch,
    VideoBatches,
    clip_batches,
    drawn_batch,
)
from aqa_bench.learn.pretraining.video_monitor import ClipMonitor
from aqa_bench.learn.training.distributed import World
from aqa_bench.learn.training.loop import to_device

__all__ = ["VideoTask", "video_pretext"]

_WATCHED = 100
_WATCHED_BATCH = 8
_SEED = 0


@dataclass(frozen=True)
class VideoTask:
    """A network on clips, and its loss.

    Attributes:
        network: Backbone and what stands between it and the loss.
        embed: Embeddings ``(N, D)`` of decoded clips, for the monitor of collapse.
        loss: Mean loss of a batch, augmentation included; it calls the network that it is given.
        measure: Figures of a batch of clips that are watched, the network in evaluation mode; names with
            ``accuracy`` in them suit figures that are shares.
    """

    network: nn.Module
    embed: Callable[[Tensor], Tensor]
    loss: Callable[[nn.Module, VideoBatch], Tensor]
    measure: Callable[[VideoBatch], Mapping[str, float]]


def video_pretext(
    task: VideoTask,
    sampler: Callable[[FrameIndex], ClipSampler],
    pool: FrameIndex,
    watched: FrameIndex,
    *,
    clip_frames: int,
    seed: int,
    device: torch.device,
) -> Pretext[VideoBatch]:
    """A task as the pre-training takes it.

    Args:
        task: What is learnt.
        sampler: Makes clips of those of a pool.
        pool: Clips to learn from.
        watched: Clips to watch; at least 100 draws from them, the same whatever
            the method's seed.
        clip_frames: Frames of a clip that is embedded for the monitor.
        seed: Seed of batches.
        device: Where to compute.
    """
    drawn = sampler(pool)

    def batches(batch_size: int, world: World) -> VideoBatches:
        return clip_batches(pool, drawn, batch_size, seed, world)

    def measure(clips: FrameIndex) -> Mapping[str, float]:
        seen = sampler(clips)
        if not len(seen.usable):
            return {}
        rng = np.random.default_rng(_SEED)
        order = np.tile(seen.usable, -(-_WATCHED // max(len(seen.usable), 1)))
        sums: defaultdict[str, float] = defaultdict(float)
        for start in range(0, len(order), _WATCHED_BATCH):
            part = order[start : start + _WATCHED_BATCH]
            batch = drawn_batch(clips, seen.draw(part, rng), _SEED + start)
            for name, value in task.measure(to_device(batch, device)).items():
                sums[name] += value * len(part) / len(order)
        return dict(sums)

    return Pretext(
        task.network,
        task.embed,
        batches,
        lambda batch_size: max(len(drawn.usable) // batch_size, 1),
        task.loss,
        measure=measure,
        monitor=ClipMonitor(watched, clip_frames, device),
    )
