"""Features of frames from an image backbone: extracted in batches, and only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.method import FitContext
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.extractor import FeatureExtractor, extract_once, filled, shown
from aqa_bench.learn.features.frames import FrameSpec, read_frames
from aqa_bench.learn.training.batches import prefetch
from aqa_bench.learn.training.device import Precision, autocast, evaluating

__all__ = [
    "FrameFeatureExtractor",
    "PooledBackbone",
    "Pooling",
]


@dataclass(frozen=True, slots=True)
class Pooling:
    """What is kept of a frame.

    Attributes:
        kind: ``gap``: the backbone's pooled features ``(D,)``, as in the paper. ``map``: coarse
            spatial maps, which keep where in the picture something is.
        stages: With ``map``, the backbone's stages to take maps from.
        grid: With ``map``, positions along either axis, to which maps are averaged; as they are where None.
        flatten: With ``map``, whether ``(C, h, w)`` becomes one vector. Several stages need it.
    """

    kind: Literal["gap", "map"] = "gap"
    stages: tuple[int, ...] = (-1,)
    grid: int | None = None
    flatten: bool = True

    def __post_init__(self) -> None:
        if (self.kind == "map" and not self.stages) or (len(self.stages) > 1 and not self.flatten):
            raise RecipeError(
                "These feature maps cannot be stored.",
                expected="at least one stage; flattened if there are several",
                found=f"stages {self.stages}, flatten {self.flatten}",
            )

    def __call__(self, backbone: ImageBackbone, images: Tensor) -> Tensor:
        """Features ``(N, D)`` or ``(N, C, h, w)`` of images, in float32."""
        if self.kind == "gap":
            # float32 even after bfloat16: caches hold one type, and heads train in it.
            return backbone(images).float()  # type: ignore[no-any-return]
        maps = [m.float() for m in backbone.forward_maps(images, self.stages)]
        if self.grid is not None:
            maps = [F.adaptive_avg_pool2d(m, self.grid) for m in maps]
        return torch.cat([m.flatten(1) for m in maps], dim=1) if self.flatten else maps[0].contiguous()

    def document(self, backbone: ImageBackbone) -> dict[str, Any]:
        """As JSON, for the keys of caches."""
        if self.kind == "gap":
            return {"kind": "gap"}
        # Negative stages are resolved, or -1 and 4 would be two keys of the same features.
        stages = [backbone.stage_index(stage) for stage in self.stages]
        return {"kind": "map", "stages": stages, "grid": self.grid, "flatten": self.flatten}


class PooledBackbone(nn.Module):
    """A backbone with what is kept of a frame.

    Args:
        backbone: The network.
        pooling: What is kept.
    """

    def __init__(self, backbone: ImageBackbone, pooling: Pooling) -> None:
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling

    def num_features(self, side: int) -> int:
        """Length of the features of an image of ``side`` pixels."""
        device = next(self.backbone.parameters()).device
        with evaluating(self), torch.no_grad():
            features = self(torch.zeros(1, 3, side, side, device=device))
        return int(features.shape[1])

    def forward(self, images: Tensor) -> Tensor:
        """Features ``(N, D)`` of images."""
        return self.pooling(self.backbone, images)


class FrameFeatureExtractor(FeatureExtractor[Sample]):
    """Features of the frames of clips, or of still images.

    Args:
        backbone: The network, moved to ``device``.
        frames: Which frames are read, and their size.
        device: Where to compute.
        pooling: What is kept of a frame.
        precision: Arithmetic; bfloat16 where the device has it by default.
        batch_size: Frames per forward pass.
    """

    def __init__(
        self,
        backbone: ImageBackbone,
        frames: FrameSpec,
        device: torch.device,
        *,
        pooling: Pooling | None = None,
        precision: Precision | None = None,
        batch_size: int = 64,
    ) -> None:
        self.backbone = backbone.to(device)
        self.frames = frames
        self.device = device
        self.pooling = pooling or Pooling()
        self.precision = precision or Precision.default(device)
        self.batch_size = batch_size

    @property
    def module(self) -> nn.Module:
        """The backbone."""
        return self.backbone

    def extract(
        self, samples: Sequence[Sample], progress: Progress | None = None
    ) -> Sequence[NDArray[np.float32]]:
        """Features of samples, in their order.

        Args:
            samples: Clips or still images.
            progress: Where to show progress.

        Returns:
            An array per sample: ``(T, D)`` or ``(T, C, h, w)`` for clips, without ``T`` for still images.
        """
        return list(shown(self._stream(samples), len(samples), progress))

    def extract_cached(self, samples: Sequence[Sample], ctx: FitContext) -> Sequence[NDArray[np.float32]]:
        """As :meth:`extract`, except that features which were extracted before are read from disk.

        Features are kept one by one as they come, so a killed run goes on where it stopped.

        Args:
            samples: Clips or still images.
            ctx: Its cache folder and progress display are used.
        """
        return extract_once(samples, ctx, self.weights_sha256, self.document(), self._stream)

    def document(self) -> dict[str, Any]:
        """All that shapes the features besides media and weights, as JSON."""
        return {
            "backbone": self.backbone.name,
            "frames": self.frames.document(),
            "pooling": self.pooling.document(self.backbone),
            "precision": self.precision.value,
        }

    def _stream(self, samples: Sequence[Sample]) -> Iterator[NDArray[np.float32]]:
        """Features sample by sample, to the last bit the same whichever others are asked for with them."""
        self.backbone.eval()
        # The next sample is decoded while the network works on this one.
        reading = prefetch(torch.from_numpy(read_frames(s, self.frames)) for s in samples)
        stills: list[Tensor] = []
        for sample, images in zip(samples, reading, strict=True):
            if Modality.FRAMES in sample.media.provides:
                yield from self._of_stills(stills)
                stills = []
                # A clip is a batch of its own. Stills are collected, since a batch of
                # one would leave the device idle.
                yield self._forward(images).numpy()
            else:
                stills.append(images)
            if len(stills) == self.batch_size:
                yield from self._of_stills(stills)
                stills = []
        yield from self._of_stills(stills)

    def _of_stills(self, images: Sequence[Tensor]) -> Iterator[NDArray[np.float32]]:
        if images:
            # Always a full batch: what is computed of a still must not depend on how many stand beside it.
            features = self._forward(filled(torch.cat(list(images)), self.batch_size))
            # Copies, or one kept row would keep the whole batch in memory.
            yield from (row.copy() for row in features[: len(images)].numpy())

    def _forward(self, images: Tensor) -> Tensor:
        parts = []
        with torch.inference_mode(), autocast(self.device, self.precision):
            for batch in torch.split(images, self.batch_size):
                on_device = batch.to(self.device, non_blocking=True)
                parts.append(self.pooling(self.backbone, on_device).cpu())
        return torch.cat(parts)
