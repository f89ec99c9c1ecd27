"""Video backbone and head as one network, and the clips that it is trained on end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from aqa_bench.core.sample import LabeledSet
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.video_features import ClipSpec, read_clips
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.supervised.training import Pictures
from aqa_bench.media.clips import Indices

__all__ = ["VideoClassifier", "labelled_clips"]


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
        # Clips go through the backbone apart, at the length that it was trained on.
        features = self.backbone(frames.reshape(count * self.clips, length // self.clips, *frames.shape[2:]))
        y: Tensor = self.head(features.view(count, self.clips, -1).mean(dim=1))
        return y.float()


def labelled_clips(
    part: LabeledSet,
    spec: ClipSpec,
    coding: TargetCoding,
    device: torch.device,
    cache: Path,
    augmentation: str = "none",
) -> Pictures:
    """Clips as :func:`~aqa_bench.learn.supervised.training.finetune_network` takes them.

    Args:
        part: Labelled clips; may be empty.
        spec: Which frames make a clip, and their size.
        coding: Of the targets.
        device: Where they are needed.
        cache: Folder where decoded frames may lie.
        augmentation: Name of the augmentation that the clips go through.

    Raises:
        DataError: A clip cannot be read.
    """
    pool = FrameIndex(part.samples, spec.frame_spec.augmented_by(augmentation))
    if len(part):
        pool.prepare(cache / "frames", device)
    # Once for all epochs: shuffled frames keep the order that was drawn for their sample.
    positions = [spec.positions(sample) for sample in part.samples]

    def read(index: Indices) -> Tensor:
        return read_clips(pool, index, np.stack([positions[i] for i in index.tolist()]))

    return Pictures(read, coding.encode(part.targets))
