"""Heads of self-supervised learning: what stands between a backbone and its loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Projection", "SimSiamPredictor", "SimSiamProjector"]


class Projection(nn.Module):
    """Linear layers onto the unit sphere, with batch normalisation and ReLU between them.

    The contrastive paper names no head; its released code normalises to length 1 after layers that are
    not released. One linear layer is the default here.

    Args:
        in_features: Length of the backbone's features.
        out_features: Length of the embedding.
        hidden: Widths of layers in between; none for a single linear layer.
    """

    def __init__(self, in_features: int, out_features: int = 128, hidden: Sequence[int] = ()) -> None:
        super().__init__()
        widths = (in_features, *hidden)
        inner = [_linear_bn_relu(a, b) for a, b in zip(widths, hidden, strict=False)]
        self.layers = nn.Sequential(*inner, nn.Linear(widths[-1], out_features))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, D)`` to unit vectors ``(N, out_features)``, in float32 at least."""
        y: Tensor = self.layers(x)
        return F.normalize(y.float(), dim=1)


class SimSiamProjector(nn.Sequential):
    """Three layers of SimSiam's projector (Chen & He, CVPR 2021, section 3): the last norm is not affine.

    Args:
        in_features: Length of the backbone's features, which is also the hidden width as published.
        out_features: Length of the projection.
    """

    def __init__(self, in_features: int, out_features: int = 2048) -> None:
        super().__init__(
            _linear_bn_relu(in_features, in_features),
            _linear_bn_relu(in_features, in_features),
            nn.Linear(in_features, out_features, bias=False),
            nn.BatchNorm1d(out_features, affine=False),
        )


class SimSiamPredictor(nn.Sequential):
    """Bottleneck of SimSiam's predictor, whose output has neither norm nor ReLU.

    Args:
        features: Length of the projection.
        hidden: Width of the bottleneck, a quarter of it as published.
    """

    def __init__(self, features: int = 2048, hidden: int = 512) -> None:
        super().__init__(_linear_bn_relu(features, hidden), nn.Linear(hidden, features))


def _linear_bn_relu(in_features: int, out_features: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(in_features, out_features, bias=False),
        nn.BatchNorm1d(out_features),
        nn.ReLU(inplace=True),
    )
