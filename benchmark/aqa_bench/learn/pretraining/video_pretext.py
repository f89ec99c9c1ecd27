"""A pretext task on clips: what is learnt from the clips that a sampler makes, and what is watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import centred
from aqa_bench.learn.features.video_features import read_clips
from aqa_bench.learn.pretraining.collapse import collapse
from aqa_bench.learn.pretraining.pretrain import Pretext, PretextTraining
from aqa_bench.learn.pretraining.video_batches import ClipSampler, VideoBatch, clip_batches, drawn_batch
from aqa_bench.learn.training.device import Precision, autocast, evaluating
from aqa_bench.learn.training.loop import to_device
from aqa_bench.media.clips import Indices, uniform

__all__ = ["VideoMonitor", "VideoTask", "video_pretext"]

_BATCH = 8
_WINDOWS = 3


class VideoMonitor:
    """Embeds the whole of each clip and both of its halves in time, as clips of their own, and measures.

    Args:
        pool: Clips to watch; those that do not take part in the pre-training.
        frames: Frames of an embedded clip.
        device: Where to compute.
    """

    def __init__(self, pool: FrameIndex, frames: int, device: torch.device) -> None:
        self._pool = pool
        self._length = frames
        self._device = device

    @property
    def frames(self) -> FrameIndex:
        """The frames that are watched."""
        return self._pool

    def figures(
        self,
        module: nn.Module,
        embed: Callable[[Tensor], Tensor],
        measure: Callable[[FrameIndex], Mapping[str, float]] | None = None,
    ) -> dict[str, float | bool]:
        """Signs of collapse of the embeddings, and what the pretext measures.

        Args:
            module: Put into evaluation mode, and back.
            embed: Embeddings of decoded clips; part of ``module``.
            measure: Further figures.
        """
        precision = Precision.default(self._device)
        with evaluating(module), torch.inference_mode(), autocast(self._device, precision):
            signs = collapse(self._embedded(embed)).facts()
            own = {} if measure is None else dict(measure(self._pool))
        return {k: v if isinstance(v, bool) else round(v, 6) for k, v in (signs | own).items()}

    def _embedded(self, embed: Callable[[Tensor], Tensor]) -> Tensor:
        parts = []
        clips = np.repeat(np.arange(len(self._pool), dtype=np.int64), _WINDOWS)
        frames = np.concatenate([self._windows(int(n)) for n in self._pool.lengths])
        for start in range(0, len(clips), _BATCH):
            part = slice(start, start + _BATCH)
            read = centred(read_clips(self._pool, clips[part], frames[part]), self._pool.spec.shown)
            parts.append(embed(read.to(self._device)).float())
        return torch.cat(parts)

    def _windows(self, length: int) -> Indices:
        # Halves beside the whole give a small pool three times as many embeddings, which
        # differ by more than their scenes.
        half = (length + 1) // 2
        whole, first = uniform(length, self._length), uniform(half, self._length)
        return np.stack([whole, first, first + length - half])


_WATCHED = 100
_WATCHED_BATCH = 8
_SEED = 0


@dataclass(frozen=True)
class VideoTask:
    """A network on clips, and its loss.

    Attributes:
        network: Backbone and what stands between it and the loss.
        embed: Embeddings ``(N, D)`` of decoded clips, for the monitor of collapse.
        prepare: What the loss takes of a batch, augmentation included.
        loss: Its mean; it calls the network that it is given.
        measure: Figures of a batch of clips that are watched, the network in evaluation mode; names with
            ``accuracy`` in them suit figures that are shares.
    """

    network: nn.Module
    embed: Callable[[Tensor], Tensor]
    prepare: Callable[[VideoBatch], tuple[Tensor, ...]]
    loss: Callable[[nn.Module, tuple[Tensor, ...]], Tensor]
    measure: Callable[[VideoBatch], Mapping[str, float]]


def video_pretext(
    sampler: Callable[[FrameIndex], ClipSampler],
    task: Callable[[VideoBackbone], VideoTask],
    clip_frames: int,
) -> Pretext[VideoBackbone]:
    """A pretext task on clips.

    Args:
        sampler: Makes clips of those of a pool; it also says which of those can be used.
        task: What is learnt; it draws initial weights from PyTorch's default generator.
        clip_frames: Frames of a clip that is embedded for the monitor.
    """

    def usable(pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        drawn = sampler(pool)
        return drawn.usable.tolist(), drawn.dropped

    def training(
        backbone: VideoBackbone, pool: FrameIndex, watched: FrameIndex, seed: int
    ) -> PretextTraining[VideoBatch]:
        learnt, drawn = task(backbone), sampler(pool)
        return PretextTraining(
            learnt.network,
            learnt.embed,
            lambda batch_size, world: clip_batches(pool, drawn, batch_size, seed, world),
            lambda batch_size: max(len(drawn.usable) // batch_size, 1),
            learnt.loss,
            VideoMonitor(watched, clip_frames, backbone.device),
            learnt.prepare,
            measure=lambda clips: _measured(clips, sampler(clips), learnt, backbone.device),
        )

    return Pretext(training, usable)


def _measured(
    clips: FrameIndex, sampler: ClipSampler, task: VideoTask, device: torch.device
) -> Mapping[str, float]:
    """Figures of at least 100 draws from the clips, the same draws whatever the method's seed."""
    if not len(sampler.usable):
        return {}
    rng = np.random.default_rng(_SEED)
    # A small pool is gone through several times, with new draws, so that shares are not of ten examples.
    order = np.tile(sampler.usable, -(-_WATCHED // len(sampler.usable)))
    sums: defaultdict[str, float] = defaultdict(float)
    for start in range(0, len(order), _WATCHED_BATCH):
        part = order[start : start + _WATCHED_BATCH]
        # The seed of the augmentation must not be that of another batch, but the same in every run.
        batch = drawn_batch(clips, sampler.draw(part, rng), _SEED + start)
        for name, value in task.measure(to_device(batch, device)).items():
            sums[name] += value * len(part) / len(order)
    return dict(sums)
