"""A head that predicts how a score is distributed (Tang et al., CVPR 2020: USDL)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqa_bench.core.errors import RecipeError
from aqa_bench.learn.heads.mlp import MLPHead
from aqa_bench.learn.losses.score import expected_score, score_bins, score_distribution_loss

__all__ = ["DistributionHead"]


class DistributionHead(nn.Module):
    """Logits over evenly spaced scores; trained towards a Gaussian around the awarded score.

    Source: Tang et al., Uncertainty-aware Score Distribution Learning for Action Quality Assessment.
    Differences: bins span the training range that is given, and the score that is read out
    is the mean of the distribution rather than its most likely bin (the mean is not quantised, which
    ranks need).

    Args:
        in_features: Length ``D`` of a feature.
        low: Lowest score, the first bin.
        high: Highest score, the last bin.
        num_bins: Number of bins, at least 2; 101 is about a bin a point for dives.
        hidden: Widths of hidden layers.
        dropout: Dropout after each hidden layer.

    Raises:
        RecipeError: The range is empty, or there are fewer than two bins.
    """

    bins: Tensor

    def __init__(
        self,
        in_features: int,
        low: float,
        high: float,
        num_bins: int = 101,
        hidden: tuple[int, ...] = (256, 128),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not low < high or num_bins < 2:
            raise RecipeError(
                "A score distribution needs a range and bins.",
                expected="low < high, at least 2 bins",
                found=f"{low} to {high}, {num_bins} bins",
            )
        self.layers = MLPHead(in_features, num_bins, hidden, dropout)
        self.register_buffer("bins", score_bins(low, high, num_bins), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, D)`` or ``(N, T, D)`` to logits ``(N, num_bins)``."""
        logits: Tensor = self.layers(x)
        return logits

    def loss(self, logits: Tensor, scores: Tensor, sigma: float) -> Tensor:
        """Mean divergence from Gaussians around ``(N,)`` scores, as `score_distribution_loss`."""
        return score_distribution_loss(logits, scores, self.bins, sigma)

    @torch.no_grad()
    def predict(self, x: Tensor) -> Tensor:
        """``(N, D)`` or ``(N, T, D)`` to scores ``(N,)``: the means of the predicted distributions."""
        return expected_score(self(x), self.bins)
