"""Features of clips from a video backbone: which frames make a clip, and extraction, only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.extractor import FeatureExtractor, extract_once, filled
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec, read_frames
from aqa_bench.learn.training.batches import prefetch
from aqa_bench.learn.training.device import Precision, autocast
from aqa_bench.media.clips import Indices, shuffled, still

__all__ = ["ClipFeatureExtractor", "ClipSpec", "Order", "read_clip", "read_clips"]

Order = Literal["forward", "still", "shuffled"]


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Which frames of a sample make a clip, and at which size.

    Attributes:
        frames: Frames per clip, spread evenly over the sample.
        clips: Successive clips that share the sample between them; their features are averaged.
        resize: Side in pixels to which whole frames are squashed.
        crop: Side of the central square that is kept; the whole frame where None.
        order: ``forward``; or, as controls of what motion is worth, ``still`` (the middle frame in place
            of all) or ``shuffled`` (frames in an order drawn once for each sample).
    """

    frames: int = 32
    clips: int = 1
    resize: int = 128
    crop: int | None = 112
    order: Order = "forward"

    def __post_init__(self) -> None:
        if self.frames < 1 or self.clips < 1:
            raise RecipeError(
                "The requested clips do not exist.",
                expected="at least 1 frame and 1 clip",
                found=f"frames {self.frames}, clips {self.clips}",
            )
        _ = self.frame_spec  # checks the size

    @property
    def frame_spec(self) -> FrameSpec:
        """The frames to read of a sample, clip after clip."""
        return FrameSpec(self.frames * self.clips, self.resize, self.crop)

    @property
    def side(self) -> int:
        """Side of the frames, in pixels."""
        return self.frame_spec.side

    def positions(self, sample: Sample) -> Indices:
        """Positions ``(clips * frames,)`` among the frames that are read, in the order of playing."""
        forward = np.arange(self.frames * self.clips, dtype=np.int64)
        match self.order:
            case "still":
                return still(forward)
            case "shuffled":
                # Seeded by content: the same order in training and tests, in every run,
                # whatever the order of samples.
                rng = np.random.default_rng(sample.media.draw_seed("shuffled"))
                return shuffled(forward, rng)
        return forward

    def document(self) -> dict[str, Any]:
        """As JSON, for the keys of caches."""
        return asdict(self)


def read_clip(sample: Sample, spec: ClipSpec) -> UInt8Array:
    """The clips of a sample, one behind the other: ``(clips * frames, side, side, 3)`` RGB.

    Raises:
        DataError: The sample has no frames, or they cannot be read.
    """
    return read_frames(sample, spec.frame_spec)[spec.positions(sample)]


class ClipFeatureExtractor(FeatureExtractor[Sample]):
    """Features of the clips of samples.

    Args:
        backbone: The network, moved to ``device``.
        spec: Which frames make a clip, and their size.
        device: Where to compute.
        precision: Arithmetic; bfloat16 where the device has it by default.
        batch_size: Samples per forward pass.
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
        self.precision = precision or Precision.default(device)
        self.batch_size = batch_size

    @property
    def module(self) -> nn.Module:
        """The backbone."""
        return self.backbone

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
            # Full batches only: what is computed of a sample must not depend on how many are left to do.
            clips = filled(frames, size).view(-1, self.spec.frames, *frames.shape[2:])
            with torch.inference_mode(), autocast(self.device, self.precision):
                features = self.backbone(clips.to(self.device, non_blocking=True)).float().cpu()
            for sample in features.view(size, self.spec.clips, -1)[: len(frames)]:
                # A copy, or one kept sample would keep the whole batch in memory.
                yield sample.numpy().copy()


def read_clips(pool: FrameIndex, clips: Indices, frames: Indices) -> Tensor:
    """Frames of clips.

    Args:
        pool: Where frames are read.
        clips: ``(M,)`` clip numbers.
        frames: ``(M, T)`` positions among their kept frames.

    Returns:
        ``(M, T, side, side, 3)`` uint8 RGB, where the pool's frames lie.

    Raises:
        DataError: There is no such frame, or it cannot be read.
    """
    count, length = frames.shape
    images = pool.read(np.repeat(clips, length), frames.ravel())
    return images.view(count, length, *images.shape[1:])
