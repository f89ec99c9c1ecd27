"""Backbone and head as one network, and its training end to end on still images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.learn.attribution import Attribution
from aqa_bench.learn.augment import Compose
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.device import Precision, autocast
from aqa_bench.learn.explain import explain_stills
from aqa_bench.learn.features import Pooling
from aqa_bench.learn.finetuning import LabelledPictures, finetune_network
from aqa_bench.learn.frames import FrameSpec, read_frames
from aqa_bench.learn.loop import FitResult
from aqa_bench.learn.pool_frames import PoolFrames
from aqa_bench.learn.prefetch import prefetch
from aqa_bench.learn.targets import TargetCoding
from aqa_bench.learn.temporal_head import TrainingConfig
from aqa_bench.media.clips import Indices

__all__ = ["ClassifierPredictor", "ImageClassifier", "PooledBackbone", "finetune"]


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
        mode = self.training
        self.eval()
        with torch.no_grad():
            features = self(torch.zeros(1, 3, side, side, device=device))
        self.train(mode)
        return int(features.shape[1])

    def forward(self, images: Tensor) -> Tensor:
        """Features ``(N, D)`` of images."""
        return self.pooling(self.backbone, images)


class ImageClassifier(nn.Module):
    """A backbone and a head.

    Args:
        features: Maps images to features.
        head: Maps features to outputs.
    """

    def __init__(self, features: PooledBackbone, head: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        """Outputs ``(N, C)`` of images, in float32."""
        y: Tensor = self.head(self.features(images))
        return y.float()


@dataclass(frozen=True)
class ClassifierPredictor:
    """A network that judges still images.

    Attributes:
        network: The network, in evaluation mode.
        spec: Size of its images.
        coding: Turns outputs into scores.
        device: Where it computes.
        precision: Its arithmetic.
        batch_size: Images a forward pass.
    """

    network: ImageClassifier
    spec: FrameSpec
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
        reading = prefetch(np.concatenate([read_frames(s, self.spec) for s in part]) for part in parts)
        with torch.inference_mode(), autocast(self.device, self.precision):
            outputs = [self.network(torch.from_numpy(x).to(self.device)) for x in reading]
        return self.coding.decode(torch.cat(outputs))

    def attribution(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Sequence[Attribution]:
        """What the parts of still images contribute to their judgement, counted from an average picture.

        Raises:
            UsageError: The package captum is missing, or the backbone's features have no places.
        """
        parts = (self.network.features.backbone, self.network.features.pooling, self.network.head)
        return explain_stills(samples, reference, parts, self.spec, self.coding)


def finetune(
    network: ImageClassifier,
    train: LabeledSet,
    val: LabeledSet,
    spec: FrameSpec,
    coding: TargetCoding,
    config: TrainingConfig,
    *,
    augment: Compose,
    seed: int,
    device: torch.device,
    cache: Path,
) -> tuple[ClassifierPredictor, FitResult]:
    """Train backbone and head together on still images.

    Args:
        network: Trained in place.
        train: Labelled images.
        val: Chooses the epoch that is kept; may be empty.
        spec: Size of the images.
        coding: Of the targets.
        config: Optimisation.
        augment: Applied to training images.
        seed: Seed of the order of images and of the augmentation.
        device: Where to compute.
        cache: Folder where decoded images may lie.

    Returns:
        The predictor, and what the training came to.

    Raises:
        DataError: An image cannot be read.
        MethodError: The GPU's memory is not enough.
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
    return ClassifierPredictor(network, spec, coding, device, precision, config.batch_size), result


def _labelled(
    part: LabeledSet, spec: FrameSpec, coding: TargetCoding, device: torch.device, cache: Path
) -> LabelledPictures:
    targets = coding.encode(part.targets)
    images = PoolFrames(part.samples, spec)
    if len(part):
        images.prepare(cache / "frames", device)

    def read(index: Indices) -> Tensor:
        return images.read(index, np.zeros_like(index))

    return LabelledPictures(read, targets)
