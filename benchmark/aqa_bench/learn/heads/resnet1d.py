"""ResNet1D: the temporal convolution head of Ogata et al. (CVPR Workshops 2019)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from aqa_bench.core.errors import DataError

__all__ = ["ResNet1D"]

_MIN_FRAMES = 8


class ResNet1D(nn.Module):
    """A strided 1-D residual network over a sequence of frame features.

    A stem of stride 2, residual blocks of three convolutions that each halve the length again,
    global average pooling over time, dropout and a linear layer. With four blocks, 300 frames
    become 150, 75, 38, 19 and 10. The residual sum is not rectified.

    Args:
        in_features: Features of a frame ``D``; 171 for the distances of 19 joints.
        num_outputs: Number of logits or regression values.
        width: Channels of all convolutions.
        blocks: Number of residual blocks.
        dropout: Dropout before the linear layer.
    """

    kind: ClassVar[str] = "resnet1d"

    def __init__(
        self, in_features: int, num_outputs: int, width: int = 256, blocks: int = 4, dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.stem = _conv_bn_relu(in_features, width, stride=2)
        self.blocks = nn.Sequential(*(_Block(width) for _ in range(blocks)))
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map feature sequences to outputs.

        Args:
            x: ``(N, T, D)`` with at least 8 frames. In training a batch of one sequence needs more
                than 32 frames, since batch normalisation needs more than one value per channel.

        Returns:
            ``(N, num_outputs)``.

        Raises:
            DataError: The shape does not fit or the sequence is too short.
        """
        if x.ndim != 3 or x.shape[1] < _MIN_FRAMES or x.shape[2] != self.in_features:
            raise DataError(
                "The feature sequences do not have the shape that ResNet1D needs.",
                expected=f"(N, T, {self.in_features}) with at least {_MIN_FRAMES} frames",
                found=tuple(x.shape),
                remedy="Resample or pad the sequences over time, and check the feature size.",
            )
        y: Tensor = self.blocks(self.stem(x.transpose(1, 2)))
        out: Tensor = self.linear(self.dropout(y.mean(dim=2)))
        return out


class _Block(nn.Module):
    """Three convolutions, the first of stride 2, and a projected shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv_bn_relu(width, width, stride=2),
            _conv_bn_relu(width, width, stride=1),
            _conv_bn_relu(width, width, stride=1),
        )
        self.shortcut = nn.Sequential(nn.Conv1d(width, width, 1, stride=2, bias=False), nn.BatchNorm1d(width))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, T)`` to ``(N, C, ceil(T / 2))``."""
        return torch.add(self.body(x), self.shortcut(x))


def _conv_bn_relu(in_channels: int, channels: int, *, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(in_channels, channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm1d(channels),
        nn.ReLU(inplace=True),
    )
