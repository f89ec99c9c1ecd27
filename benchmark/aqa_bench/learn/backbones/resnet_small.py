"""A residual network of half a million parameters, small enough to be trained whole on a CPU."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

from aqa_bench.learn.backbones.image_backbone import ImageBackbone, Stage

__all__ = ["WIDTHS", "SmallResNet"]

WIDTHS = (24, 48, 96, 144)
"""Channels of the four stages; 64, 128, 256 and 512 in ResNet-18."""


class SmallResNet(ImageBackbone):
    """One basic block of He et al. (CVPR 2016) per stage, up to 144 pooled features.

    The stem is a convolution of 5 x 5 with stride 2 and no pooling; every stage halves the picture.
    Weights come from PyTorch's default generator.
    """

    def __init__(self) -> None:
        stem = nn.Sequential(
            nn.Conv2d(3, WIDTHS[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(WIDTHS[0]),
            nn.ReLU(inplace=True),
        )
        stages = [(f"stage{i}", _block(a, b)) for i, (a, b) in enumerate(pairwise((WIDTHS[0], *WIDTHS)), 1)]
        trunk = nn.Sequential(OrderedDict([("stem", stem), *stages]))
        for module in trunk.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        super().__init__(
            trunk,
            name="resnet-small",
            weights_name="random",
            num_features=WIDTHS[-1],
            stages=[
                Stage("stem", WIDTHS[0], 2),
                *(Stage(f"stage{i}", width, 2 ** (i + 1)) for i, width in enumerate(WIDTHS, 1)),
            ],
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
        )

    def _pooled(self, x: Tensor) -> Tensor:
        features: Tensor = self.trunk(x).mean(dim=(2, 3))
        return features

    def _maps(self, x: Tensor, stages: Sequence[int]) -> list[Tensor]:
        maps: list[Tensor] = []
        for index, module in enumerate(list(self.trunk.children())[: stages[-1] + 1]):
            x = module(x)
            if index in stages:
                maps.append(x)
        return maps


def _block(inputs: int, outputs: int) -> BasicBlock:
    shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs))
    return BasicBlock(inputs, outputs, stride=2, downsample=shortcut)
