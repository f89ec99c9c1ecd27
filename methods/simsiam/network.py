"""What SimSiam puts behind a backbone (Chen and He, CVPR 2021, section 3)."""

from __future__ import annotations

from torch import Tensor, nn

from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.heads.build import linear_bn_relu

__all__ = ["Predictor", "Projector", "SiameseNetwork"]


class Projector(nn.Sequential):
    """Three layers; the last norm is not affine.

    Args:
        in_features: Length of the backbone's features, which is also the hidden width as published.
        out_features: Length of the projection.
    """

    def __init__(self, in_features: int, out_features: int = 2048) -> None:
        super().__init__(
            linear_bn_relu(in_features, in_features),
            linear_bn_relu(in_features, in_features),
            nn.Linear(in_features, out_features, bias=False),
            nn.BatchNorm1d(out_features, affine=False),
        )


class Predictor(nn.Sequential):
    """A bottleneck, whose output has neither norm nor ReLU.

    Args:
        features: Length of the projection.
        hidden: Width of the bottleneck, a quarter of it as published.
    """

    def __init__(self, features: int = 2048, hidden: int = 512) -> None:
        super().__init__(linear_bn_relu(features, hidden), nn.Linear(hidden, features))


class SiameseNetwork(nn.Module):
    """Backbone, projector and predictor (Algorithm 1).

    Args:
        backbone: The network.
        projector: Maps features to projections.
        predictor: Maps projections of one view to those of the other.
    """

    def __init__(self, backbone: ImageBackbone, projector: Projector, predictor: Predictor) -> None:
        super().__init__()
        self.backbone = backbone
        self.projector = projector
        self.predictor = predictor

    def projections(self, images: Tensor) -> Tensor:
        """Projections ``(N, D)`` of images."""
        z: Tensor = self.projector(self.backbone(images))
        return z

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Predictions of both views, then their projections; batch norms see one view at a time."""
        z1, z2 = self.projections(first), self.projections(second)
        return self.predictor(z1), self.predictor(z2), z1, z2
