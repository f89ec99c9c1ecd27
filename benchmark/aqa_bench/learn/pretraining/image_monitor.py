"""What is watched while an image network is pre-trained: collapse, and triplets of frames of other clips."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from aqa_bench.core.errors import DataError
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.collapse import collapse, triplet_accuracy
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets
from aqa_bench.learn.training.device import Precision, autocast, evaluating

__all__ = ["GAPS", "ImageMonitor"]

_log = logging.getLogger(__name__)

GAPS = (30, 45, 60)
"""Gaps at which the released code watches triplets."""

_FRAMES = 32
_TRIPLETS = 500
_BATCH = 64
_SEED = 0


class ImageMonitor:
    """Embeds evenly spread frames of clips, and measures.

    Triplets are the same whatever the method and its seed, so that figures compare.

    Args:
        watched: Clips to watch, those that do not take part in the pre-training; at most 32 frames per
            clip are used.
        device: Where to compute.
    """

    def __init__(self, watched: FrameIndex, device: torch.device) -> None:
        spec = watched.spec
        # Few frames per clip and many clips: neighbouring frames tell nearly the same.
        few = FrameSpec(min(spec.frames or _FRAMES, _FRAMES), spec.resize, spec.crop)
        self._frames = FrameIndex(watched.samples, few)
        self._device = device

    @property
    def frames(self) -> FrameIndex:
        """The frames that are watched."""
        return self._frames

    def figures(
        self,
        module: nn.Module,
        embed: Callable[[Tensor], Tensor],
        measure: Callable[[FrameIndex], Mapping[str, float]] | None = None,
    ) -> dict[str, float | bool]:
        """Triplet accuracy at each gap where the clips' bars turn, and signs of collapse.

        Args:
            module: Put into evaluation mode, and back.
            embed: Embeddings of decoded images; part of ``module``.
            measure: Further figures.
        """
        with evaluating(module):
            embeddings = self._embedded(embed)
            own = self._measured(measure)
        found: dict[str, float | bool] = {}
        starts = np.cumsum([0, *self._frames.lengths])
        elevations = self._frames.elevations()
        for gap in GAPS:
            try:
                # A fixed seed: the triplets are an exam, and everyone sits the same one.
                drawn = CrossClipTriplets(elevations, gap=gap).sample(_TRIPLETS, np.random.default_rng(_SEED))
            except DataError as error:
                _log.debug("no triplets to monitor at gap %d: %s", gap, error)
                continue
            rows = (starts[b.clips] + b.frames for b in (drawn.anchor, drawn.positive, drawn.negative))
            a, p, n = (embeddings[torch.from_numpy(r)] for r in rows)
            found[f"triplet_accuracy_{gap}"] = round(triplet_accuracy(a, p, n), 6)
        signs = collapse(embeddings)
        found |= {k: v if isinstance(v, bool) else round(v, 6) for k, v in signs.facts().items()}
        return found | own

    def _measured(
        self, measure: Callable[[FrameIndex], Mapping[str, float]] | None
    ) -> dict[str, float | bool]:
        if measure is None:
            return {}
        with torch.inference_mode(), autocast(self._device, Precision.default(self._device)):
            return {name: round(value, 6) for name, value in measure(self._frames).items()}

    def _embedded(self, embed: Callable[[Tensor], Tensor]) -> Tensor:
        clips = np.repeat(np.arange(len(self._frames)), self._frames.lengths)
        frames = np.concatenate([np.arange(n) for n in self._frames.lengths])
        parts = []
        precision = Precision.default(self._device)
        for start in range(0, len(clips), _BATCH):
            part = slice(start, start + _BATCH)
            images = self._frames.read(clips[part], frames[part]).to(self._device)
            with torch.inference_mode(), autocast(self._device, precision):
                parts.append(embed(images).float().cpu())
        return torch.cat(parts)
