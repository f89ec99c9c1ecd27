"""Video backbone and head as one network, and its training end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.learn.augment import Compose
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.clip_spec import ClipSpec, read_clip
from aqa_bench.learn.device import Precision, autocast
from aqa_bench.learn.finetuning import LabelledPictures, finetune_network
from aqa_bench.learn.loop import FitResult
from aqa_bench.learn.pool_frames import PoolFrames
from aqa_bench.learn.prefetch import prefetch
from aqa_bench.learn.targets import TargetCoding
from aqa_bench.learn.temporal_head import TrainingConfig
from aqa_bench.learn.video_batches import read_clips
from aqa_bench.media.clips import Indices

__all__ = ["ClipPredictor", "VideoClassifier", "finetune_clips"]


class VideoClassifier(nn.Module):
    """A backbone and a head on the mean of its features over the clips of a sample.

    Args:
        backbone: Maps clips to features.
        head: Maps features to outputs.
        clips: Successive clips that the frames of a sample are cut into.
    """

    def __init__(self, backbone: VideoBackbone, head: nn.Module, clips: int = 1) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.clips = clips

    def forward(self, frames: Tensor) -> Tensor:
        """Outputs ``(N, C)`` of samples ``(N, clips * T, ...)``, in float32."""
        count, length = frames.shape[:2]
        features = self.backbone(frames.reshape(count * self.clips, length // self.clips, *frames.shape[2:]))
        y: Tensor = self.head(features.view(count, self.clips, -1).mean(dim=1))
        return y.float()


@dataclass(frozen=True)
class ClipPredictor:
    """A network that judges clips.

    Attributes:
        network: The network, in evaluation mode.
        spec: Its clips.
        coding: Turns outputs into scores.
        device: Where it computes.
        precision: Its arithmetic.
        batch_size: Samples a forward pass.
    """

    network: VideoClassifier
    spec: ClipSpec
    coding: TargetCoding
    device: torch.device
    precision: Precision
    batch_size: int

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Softmax probability of error, or the score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        size = self.batch_size
        parts = (samples[i : i + size] for i in range(0, len(samples), size))
        reading = prefetch(np.stack([read_clip(s, self.spec) for s in part]) for part in parts)
        with torch.inference_mode(), autocast(self.device, self.precision):
            outputs = [self.network(torch.from_numpy(x).to(self.device)) for x in reading]
        return self.coding.decode(torch.cat(outputs))


def finetune_clips(
    network: VideoClassifier,
    train: LabeledSet,
    val: LabeledSet,
    spec: ClipSpec,
    coding: TargetCoding,
    config: TrainingConfig,
    *,
    augment: Compose,
    seed: int,
    device: torch.device,
    cache: Path,
) -> tuple[ClipPredictor, FitResult]:
    """Train backbone and head together on clips.

    Args:
        network: Trained in place.
        train: Labelled clips.
        val: Chooses the epoch that is kept; may be empty.
        spec: Which frames make a clip, and their size.
        coding: Of the targets.
        config: Optimisation.
        augment: Applied to training clips, all frames of a clip alike.
        seed: Seed of the order of clips and of the augmentation.
        device: Where to compute.
        cache: Folder where decoded frames may lie.

    Returns:
        The predictor, and what the training came to.

    Raises:
        DataError: A clip cannot be read.
        MethodError: The loss is not finite, or the GPU's memory is not enough.
    """
    result = finetune_network(
        network,
        _labelled(train, spec, coding, device, cache),
        _labelled(val, spec, coding, device, cache),
        config,
        is_score=coding.is_score,
        augment=augment,
        seed=seed,
        device=device,
    )
    precision = Precision.default(device)
    return ClipPredictor(network, spec, coding, device, precision, config.batch_size), result


def _labelled(
    part: LabeledSet, spec: ClipSpec, coding: TargetCoding, device: torch.device, cache: Path
) -> LabelledPictures:
    targets = coding.encode(part.targets)
    pool = PoolFrames(part.samples, spec.frame_spec)
    if len(part):
        pool.prepare(cache / "frames", device)
    positions = [spec.positions(sample) for sample in part.samples]

    def read(index: Indices) -> Tensor:
        return read_clips(pool, index, np.stack([positions[i] for i in index.tolist()]))

    return LabelledPictures(read, targets)
