"""A multi-layer perceptron on features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from aqa_bench.learn.heads.linear import mean_over_time

__all__ = ["MLPHead"]


class MLPHead(nn.Module):
    """Linear layers with ReLU and dropout between them; sequences are averaged over time first.

    Args:
        in_features: Length ``D`` of a feature.
        num_outputs: Number of logits or regression values.
        hidden: Widths of the hidden layers.
        dropout: Dropout after each hidden layer.
    """

    kind: ClassVar[str] = "mlp"

    def __init__(
        self,
        in_features: int,
        num_outputs: int,
        hidden: Sequence[int] = (512, 128),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        layers: list[nn.Module] = []
        width = in_features
        for size in hidden:
            layers += [nn.Linear(width, size), nn.ReLU(inplace=True), nn.Dropout(dropout)]
            width = size
        self.layers = nn.Sequential(*layers, nn.Linear(width, num_outputs))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, D)`` or ``(N, T, D)`` to ``(N, num_outputs)``."""
        y: Tensor = self.layers(mean_over_time(x))
        return y
