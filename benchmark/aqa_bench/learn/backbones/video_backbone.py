"""Networks that turn clips into features: one interface over torchvision and pytorchvideo."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from aqa_bench.core.errors import DataError
from aqa_bench.learn.backbones.backbone import Backbone
from aqa_bench.learn.training.complexity import giga_multiply_adds

__all__ = ["VideoBackbone"]


class VideoBackbone(Backbone):
    """A trunk without its classifier, which normalises its own input.

    Clips are uint8 ``(N, T, H, W, 3)`` as they are decoded, or floating point ``(N, T, 3, H, W)`` in
    [0, 1] as augmentation leaves them, RGB on the trunk's device. The trunk gets ``(N, 3, T, H, W)``.

    Args:
        trunk: Maps ``(N, 3, T, H, W)`` to pooled features ``(N, D)``, for any T, H and W.
        name: What recipes call it.
        weights_name: Which weights it starts from, for the record.
        num_features: Length ``D`` of the pooled features.
        mean: Mean of the training clips, per channel, in [0, 1].
        std: Their standard deviation.
    """

    def __init__(
        self,
        trunk: nn.Module,
        *,
        name: str,
        weights_name: str,
        num_features: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__(
            trunk,
            name=name,
            weights_name=weights_name,
            num_features=num_features,
            mean=mean,
            std=std,
            axes=3,
        )

    def gflops(self, frames: int, side: int) -> float:
        """Multiply-adds, in units of 1e9, of one clip of ``frames`` frames of ``side`` pixels per side."""
        blank = torch.zeros(1, frames, 3, side, side, device=self._scale.device)
        return giga_multiply_adds(self, blank)

    def normalise(self, clips: Tensor) -> Tensor:
        """Clips as the trunk takes them: float32 ``(N, 3, T, H, W)``.

        Raises:
            DataError: Shape or type is neither of those that the class describes.
        """
        # Axes change places by permutation: a reshape would mix time, colour and position.
        if clips.ndim == 5 and clips.dtype == torch.uint8 and clips.shape[4] == 3:
            x = clips.permute(0, 4, 1, 2, 3).contiguous().float()
            return x.mul_(self._scale / 255).add_(self._shift)
        if clips.ndim == 5 and clips.is_floating_point() and clips.shape[2] == 3:
            return torch.addcmul(self._shift, clips.permute(0, 2, 1, 3, 4).contiguous().float(), self._scale)
        raise DataError(
            "A backbone cannot read these clips.",
            expected="uint8 (N, T, H, W, 3), or floating point (N, T, 3, H, W) in [0, 1]",
            found=f"{clips.dtype} {tuple(clips.shape)}",
        )

    def forward(self, clips: Tensor) -> Tensor:
        """Pooled features ``(N, D)`` of clips."""
        features: Tensor = self.trunk(self.normalise(clips))
        return features
