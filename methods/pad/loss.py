"""How far a picture is from the frame that it should be."""

from __future__ import annotations

from copy import deepcopy

import torch.nn.functional as F
from torch import Tensor

from aqa_bench.learn.augment.transform import to_float
from aqa_bench.learn.backbones.image_backbone import ImageBackbone

__all__ = ["PictureLoss", "targets"]


def targets(images: Tensor, side: int) -> Tensor:
    """Decoded images as a decoder should paint them: ``(N, 3, side, side)`` in [0, 1]."""
    pictures = to_float(images)
    if pictures.shape[-1] == side:
        return pictures
    return F.interpolate(pictures, (side, side), mode="bilinear", antialias=True).clamp(0, 1)


class PictureLoss:
    """Mean absolute difference of pixels, and of the features of a fixed network.

    Args:
        backbone: Whose initial weights give the features; it is copied.
        weight: Weight of the features; 0 leaves them out.
        stage: The backbone's stage that they come from.
    """

    def __init__(self, backbone: ImageBackbone, weight: float, stage: int) -> None:
        self.weight = weight
        self.stage = stage
        # A copy that does not train: a judge that learns along would call anything alike.
        self._judge = deepcopy(backbone).eval().requires_grad_(requires_grad=False) if weight else None

    def __call__(self, pictures: Tensor, wanted: Tensor) -> Tensor:
        """The loss, a scalar, of two batches ``(N, 3, S, S)`` in [0, 1]."""
        loss = F.l1_loss(pictures, wanted)
        if self._judge is None:
            return loss
        seen = self._judge.forward_map(pictures, self.stage)
        meant = self._judge.forward_map(wanted, self.stage)
        # In units of the features themselves, so that one weight suits every backbone and stage.
        scale = meant.detach().float().abs().mean().clamp_min(1e-6)
        return loss + self.weight * F.l1_loss(seen.float(), meant.float()) / scale
