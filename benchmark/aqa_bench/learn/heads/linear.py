"""The linear probe."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

__all__ = ["LinearHead", "mean_over_time"]


class LinearHead(nn.Module):
    """Dropout and one linear layer; features of a sequence are averaged over time first.

    Args:
        in_features: Length ``D`` of a feature.
        num_outputs: Number of logits or regression values.
        dropout: Dropout before the layer.
    """

    kind: ClassVar[str] = "linear"

    def __init__(self, in_features: int, num_outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.in_features = in_features
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(in_features, num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, D)`` or ``(N, T, D)`` to ``(N, num_outputs)``."""
        y: Tensor = self.linear(self.dropout(mean_over_time(x)))
        return y


def mean_over_time(x: Tensor) -> Tensor:
    """``(N, T, D)`` averaged to ``(N, D)``; ``(N, D)`` as it is."""
    return x.mean(dim=1) if x.ndim == 3 else x
