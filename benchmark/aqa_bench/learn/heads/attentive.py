"""Attentive pooling: a learned query looks for the frames that matter."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

__all__ = ["AttentiveHead"]


class AttentiveHead(nn.Module):
    """Cross-attention of one learned query over a sequence of features, then a linear layer.

    Args:
        in_features: Length ``D`` of a frame's features.
        num_outputs: Number of logits or regression values.
        width: Width of the attention, a multiple of ``heads``.
        heads: Attention heads.
        dropout: Dropout before the linear layer.
    """

    kind: ClassVar[str] = "attentive"

    def __init__(
        self, in_features: int, num_outputs: int, width: int = 256, heads: int = 4, dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.embed = nn.Sequential(nn.LayerNorm(in_features), nn.Linear(in_features, width))
        # Of unit length: a larger query would begin with all attention on one frame.
        self.query = nn.Parameter(torch.randn(1, 1, width) * width**-0.5)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, T, D)`` to ``(N, num_outputs)``."""
        frames = self.embed(x)
        # Without the weights PyTorch takes its fused kernel.
        pooled, _ = self.attention(self.query.repeat(len(x), 1, 1), frames, frames, need_weights=False)
        y: Tensor = self.linear(self.dropout(self.norm(pooled[:, 0])))
        return y

    def weights(self, x: Tensor) -> Tensor:
        """How much each frame counts, ``(N, T)``, summing to 1 over time."""
        frames = self.embed(x)
        _, weights = self.attention(self.query.repeat(len(x), 1, 1), frames, frames, need_weights=True)
        scores: Tensor = weights[:, 0]
        return scores
