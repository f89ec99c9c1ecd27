"""Backbone and head as one network, and the still images that it is trained on end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from aqa_bench.core.sample import LabeledSet, Sample, UInt8Array
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec, read_frames
from aqa_bench.learn.features.image_features import PooledBackbone
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.supervised.training import Pictures
from aqa_bench.media.clips import Indices

__all__ = ["ImageClassifier", "labelled_stills", "read_still"]


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


def read_still(sample: Sample, spec: FrameSpec) -> UInt8Array:
    """A still image, ``(side, side, 3)`` RGB.

    Raises:
        DataError: It cannot be read.
    """
    picture: UInt8Array = read_frames(sample, spec)[0]
    return picture


def labelled_stills(
    part: LabeledSet, spec: FrameSpec, coding: TargetCoding, device: torch.device, cache: Path
) -> Pictures:
    """Still images as :func:`~aqa_bench.learn.supervised.training.finetune_network` takes them.

    Args:
        part: Labelled images; may be empty.
        spec: Their size; with a margin where they are augmented.
        coding: Of the targets.
        device: Where they are needed.
        cache: Folder where decoded images may lie.

    Raises:
        DataError: An image cannot be read.
    """
    images = FrameIndex(part.samples, spec)
    if len(part):
        images.prepare(cache / "frames", device)

    def read(index: Indices) -> Tensor:
        return images.read(index, np.zeros_like(index))

    return Pictures(read, coding.encode(part.targets))
