"""What is watched while a video network is pre-trained: collapse, and figures of the pretext's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.collapse import collapse
from aqa_bench.learn.pretraining.video_batches import read_clips
from aqa_bench.learn.training.device import Precision, autocast
from aqa_bench.learn.training.evaluating import evaluating
from aqa_bench.media.clips import Indices, uniform

__all__ = ["ClipMonitor"]

_BATCH = 8
_WINDOWS = 3


class ClipMonitor:
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
            parts.append(embed(read_clips(self._pool, clips[part], frames[part]).to(self._device)).float())
        return torch.cat(parts)

    def _windows(self, length: int) -> Indices:
        half = (length + 1) // 2
        whole, first = uniform(length, self._length), uniform(half, self._length)
        return np.stack([whole, first, first + length - half])
