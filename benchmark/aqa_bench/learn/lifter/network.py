"""The finder's network: where each part's middle is, and from there how far its edges are."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqa_bench.learn.lifter.parts import PARTS

__all__ = ["SIDE", "LifterNetwork"]

#: Side of the pictures that it sees, in pixels.
SIDE = 64
_EDGES = 4


class LifterNetwork(nn.Module):
    """A small U-net of 140,000 weights; every position votes for a box, weighted by a softmax.

    One lifter is judged in a clip, so a softmax over positions is enough: bystanders get no weight.

    Args:
        width: Channels of the first stage.
    """

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        w = width
        self.down = nn.ModuleList(
            [_stage(3, w), _stage(w, 2 * w), _stage(2 * w, 4 * w), _stage(4 * w, 4 * w)]
        )
        self.up = nn.ModuleList([_layer(8 * w, 4 * w), _layer(6 * w, 2 * w)])
        self.out = nn.Conv2d(2 * w, len(PARTS) * (1 + _EDGES), 1)

    def forward(self, images: Tensor) -> Tensor:
        """Boxes of the parts in every picture.

        Args:
            images: ``(N, 3, SIDE, SIDE)``, 0 to 255.

        Returns:
            ``(N, P, 4)``: left, top, right and bottom of each of :data:`PARTS`, as shares of the picture.
        """
        features = images.float() / 127.5 - 1
        stages = []
        for stage in self.down:
            features = stage(features)
            stages.append(features)
        for layer, beside in zip(self.up, (stages[2], stages[1]), strict=True):
            wide = F.interpolate(features, size=beside.shape[-2:], mode="nearest")
            features = layer(torch.cat([wide, beside], 1))
        found = self.out(features)
        count, _, height, width = found.shape
        parts = len(PARTS)
        weights = found[:, :parts].flatten(2).softmax(-1)
        reach = F.softplus(found[:, parts:].reshape(count, parts, _EDGES, height * width)).transpose(2, 3)
        places = _places(height, width, found)
        votes = torch.cat([places - reach[..., :2], places + reach[..., 2:]], -1)
        return cast(Tensor, (weights[..., None] * votes).sum(2))


def _layer(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outside), nn.ReLU(inplace=True))


def _stage(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(_layer(inside, outside, 2), _layer(outside, outside))


def _places(height: int, width: int, like: Tensor) -> Tensor:
    """Middles of the positions as shares of the picture, ``(height * width, 2)``."""
    rows = (torch.arange(height, device=like.device) + 0.5) / height
    columns = (torch.arange(width, device=like.device) + 0.5) / width
    down, across = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([across, down], -1).reshape(-1, 2)
