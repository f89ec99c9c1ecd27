"""Features of clips from a video backbone: extracted only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.extractor import FeatureExtractor
from aqa_bench.learn.features.image_features import extract_once, filled
from aqa_bench.learn.features.video_spec import ClipSpec, read_clip
from aqa_bench.learn.training.device import Precision, autocast, inference_precision
from aqa_bench.learn.training.prefetch import prefetch

__all__ = ["ClipFeatureExtractor"]


class ClipFeatureExtractor(FeatureExtractor[Sample, FitContext]):
    """Features of the clips of samples.

    Args:
        backbone: The network, moved to ``device``.
        spec: Which frames make a clip, and their size.
        device: Where to compute.
        precision: Arithmetic; bfloat16 where the device has it by default.
        batch_size: Samples a forward pass.
    """

    def __init__(
        self,
        backbone: VideoBackbone,
        spec: ClipSpec,
        device: torch.device,
        *,
        precision: Precision | None = None,
        batch_size: int = 8,
    ) -> None:
        self.backbone = backbone.to(device)
        self.spec = spec
        self.device = device
        self.precision = precision or inference_precision(device)
        self.batch_size = batch_size

    @property
    def module(self) -> nn.Module:
        """The backbone."""
        return self.backbone

    def pretrain(self, pool: Sequence[Sample], ctx: FitContext) -> None:
        """Do nothing: the weights stay as they were loaded."""

    def extract(self, samples: Sequence[Sample]) -> Sequence[NDArray[np.float32]]:
        """Features ``(clips, D)`` of each sample, in their order."""
        return list(self._stream(samples))

    def extract_cached(self, samples: Sequence[Sample], ctx: FitContext) -> Sequence[NDArray[np.float32]]:
        """As :meth:`extract`, except that features which were extracted before are read from disk.

        Args:
            samples: What to look at.
            ctx: Its cache folder and progress display are used.
        """
        return extract_once(samples, ctx, self.weights_sha256, self.document(), self._stream)

    def document(self) -> dict[str, Any]:
        """All that shapes the features besides media and weights, as JSON."""
        return {
            "backbone": self.backbone.name,
            "clips": self.spec.document(),
            "precision": self.precision.value,
        }

    def _stream(self, samples: Sequence[Sample]) -> Iterator[NDArray[np.float32]]:
        self.backbone.eval()
        size = self.batch_size
        parts = (samples[i : i + size] for i in range(0, len(samples), size))
        reading = prefetch(torch.from_numpy(np.stack([read_clip(s, self.spec) for s in p])) for p in parts)
        for frames in reading:
            clips = filled(frames, size).view(-1, self.spec.frames, *frames.shape[2:])
            with torch.inference_mode(), autocast(self.device, self.precision):
                features = self.backbone(clips.to(self.device, non_blocking=True)).float().cpu()
            for sample in features.view(size, self.spec.clips, -1)[: len(frames)]:
                yield sample.numpy().copy()
