"""A code of two parts, and a picture made of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from aqa_bench.learn.backbones.image_backbone import ImageBackbone

__all__ = ["DisentanglingAutoEncoder", "PictureDecoder", "PoseBackbone"]

_NARROWEST = 16


class PoseBackbone(ImageBackbone):
    """A backbone whose pooled features are split into a pose vector and an appearance vector.

    As a backbone it gives the pose vector alone. Maps are the inner backbone's.

    Args:
        inner: The network in front.
        pose: Length of the pose vector.
        appearance: Length of the appearance vector.
    """

    def __init__(self, inner: ImageBackbone, pose: int, appearance: int) -> None:
        super().__init__(
            inner.trunk,
            name=inner.name,
            weights_name=inner.weights_name,
            num_features=pose,
            stages=inner.stages,
            mean=inner.mean,
            std=inner.std,
        )
        # In a tuple, since its trunk is a submodule already.
        self._inner = (inner,)
        self.pose = nn.Linear(inner.num_features, pose)
        self.appearance = nn.Linear(inner.num_features, appearance)

    def codes(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pose ``(N, P)`` and appearance ``(N, A)`` of images."""
        features = self._features(self.normalise(images))
        return self.pose(features), self.appearance(features)

    def _features(self, x: Tensor) -> Tensor:
        return self._inner[0]._pooled(x)

    def _pooled(self, x: Tensor) -> Tensor:
        pose: Tensor = self.pose(self._features(x))
        return pose

    def _maps(self, x: Tensor, stages: Sequence[int]) -> list[Tensor]:
        return self._inner[0]._maps(x, stages)


class PictureDecoder(nn.Module):
    """A linear layer onto a small map, then blocks that double its side: upsampling, convolution, norm, ReLU.

    Args:
        in_features: Length of the code.
        side: Side of the picture in pixels, a multiple of ``2 ** blocks``.
        blocks: Doublings.
        width: Channels of the smallest map; they halve with every doubling, down to 16.
    """

    def __init__(self, in_features: int, side: int, blocks: int = 5, width: int = 256) -> None:
        super().__init__()
        self.side = side
        self.shape = (width, side >> blocks, side >> blocks)
        widths = [max(width >> i, _NARROWEST) for i in range(blocks + 1)]
        self.start = nn.Linear(in_features, width * (side >> blocks) ** 2)
        self.blocks = nn.Sequential(*(_block(a, b) for a, b in pairwise(widths)))
        self.colours = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        """``(N, D)`` to pictures ``(N, 3, side, side)`` in [0, 1], in float32."""
        # Grown from a vector, not from a map: all that the picture shows has then passed through the split.
        start = torch.relu(self.start(code)).view(-1, *self.shape)
        picture: Tensor = self.colours(self.blocks(start))
        return picture.float().sigmoid()


class DisentanglingAutoEncoder(nn.Module):
    """Encoder and decoder; two frames of one clip swap appearances (Parmar et al., ECCV 2022, section 3).

    What the frames share may go either way, and what differs has to be in the pose vector, or the
    pictures cannot be made.

    Args:
        backbone: The encoder.
        decoder: Takes pose, then appearance, as one vector.
    """

    def __init__(self, backbone: PoseBackbone, decoder: PictureDecoder) -> None:
        super().__init__()
        self.backbone = backbone
        self.decoder = decoder

    @property
    def side(self) -> int:
        """Side of the pictures in pixels."""
        return self.decoder.side

    def decode(self, pose: Tensor, appearance: Tensor) -> Tensor:
        """Pictures ``(N, 3, S, S)`` in [0, 1] of poses ``(N, P)`` in appearances ``(N, A)``."""
        picture: Tensor = self.decoder(torch.cat([pose, appearance], dim=1))
        return picture

    def forward(self, images: Tensor) -> Tensor:
        """Pictures of pairs, each pose in the appearance of its partner.

        Args:
            images: ``2 N`` images: the first of every pair, then the second of every pair.

        Returns:
            ``(2 N, 3, S, S)`` in [0, 1], in the order of the poses.
        """
        pose, appearance = self.backbone.codes(images)
        # Always swapped. Painted from its own appearance, a frame could be copied without any split.
        first, second = torch.chunk(appearance, 2)
        return self.decode(pose, torch.cat([second, first]))


def _block(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )
