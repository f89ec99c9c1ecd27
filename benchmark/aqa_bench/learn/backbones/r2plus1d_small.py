"""R(2+1)D of reduced width and depth, for CPUs."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torchvision.models.video.resnet import BasicBlock, Conv2Plus1D

__all__ = ["WIDTHS", "small_r2plus1d"]

WIDTHS = (12, 24, 48, 96)
"""Channels of the four stages; 64, 128, 256 and 512 in R(2+1)D-18."""


def small_r2plus1d() -> nn.Sequential:
    """The residual (2+1)D blocks of Tran et al. (CVPR 2018), one per stage, from random weights.

    The stem reads every fourth pixel either way, as against every second in R(2+1)D-18, and every
    second frame. Weights come from PyTorch's default generator.

    Returns:
        Maps ``(N, 3, T, H, W)`` to ``(N, 96)``.
    """
    width = WIDTHS[0]
    stem = nn.Sequential(
        nn.Conv3d(3, width, (1, 7, 7), stride=(1, 4, 4), padding=(0, 3, 3), bias=False),
        nn.BatchNorm3d(width),
        nn.ReLU(inplace=True),
        nn.Conv3d(width, width, (3, 1, 1), stride=(2, 1, 1), padding=(1, 0, 0), bias=False),
        nn.BatchNorm3d(width),
        nn.ReLU(inplace=True),
    )
    stages = [_block(a, b) for a, b in pairwise((width, *WIDTHS))]
    network = nn.Sequential(stem, *stages, nn.AdaptiveAvgPool3d(1), nn.Flatten())
    for module in network.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


def _block(inputs: int, outputs: int) -> nn.Module:
    """A block that halves time and space where it widens."""
    # The first block keeps its size: the stem has halved time and quartered space already.
    stride = 1 if inputs == outputs else 2
    shortcut = None
    if inputs != outputs:
        shortcut = nn.Sequential(
            nn.Conv3d(inputs, outputs, 1, stride=Conv2Plus1D.get_downsample_stride(stride), bias=False),
            nn.BatchNorm3d(outputs),
        )
    block: nn.Module = BasicBlock(inputs, outputs, Conv2Plus1D, stride, shortcut)
    return block
