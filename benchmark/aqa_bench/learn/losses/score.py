"""Losses of score regression."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.core.errors import DataError

__all__ = [
    "SCORE_SCALE",
    "expected_score",
    "gaussian_soft_labels",
    "mse_l1_loss",
    "score_bins",
    "score_distribution_loss",
]

SCORE_SCALE = 17.0
"""What MTL-AQA's recipe divides scores by: about their standard deviation."""


def mse_l1_loss(outputs: Tensor, scores: Tensor, scale: float = SCORE_SCALE) -> Tensor:
    """Mean squared plus mean absolute error of scaled scores (Parmar and Tran Morris, CVPR 2019).

    Args:
        outputs: ``(N,)`` predictions of the scaled scores.
        scores: ``(N,)`` scores in their own units.
        scale: What scores are divided by, positive.

    Returns:
        A scalar.

    Raises:
        DataError: The shapes differ, which would broadcast to a matrix of errors.

    Example:
        >>> float(mse_l1_loss(torch.tensor([3.0]), torch.tensor([17.0])))
        6.0
    """
    _same_shape(outputs, scores)
    scaled = scores / scale
    return F.mse_loss(outputs, scaled) + F.l1_loss(outputs, scaled)


def score_bins(low: float, high: float, count: int) -> Tensor:
    """``(count,)`` float32 scores, evenly spaced from ``low`` to ``high``."""
    return torch.linspace(low, high, count)


def gaussian_soft_labels(scores: Tensor, bins: Tensor, sigma: float) -> Tensor:
    """A Gaussian around each score, evaluated at the bins and normalised to sum 1.

    Source: Tang et al., CVPR 2020.

    Args:
        scores: ``(N,)``.
        bins: ``(K,)``.
        sigma: Standard deviation in units of the scores, positive.

    Returns:
        ``(N, K)``; also where a score lies far outside of the bins, which then all goes to the nearest.
    """
    # As a softmax the Gaussian neither under- nor overflows.
    return torch.softmax(-((bins - scores[:, None]) ** 2) / (2 * sigma**2), dim=1)


def score_distribution_loss(logits: Tensor, scores: Tensor, bins: Tensor, sigma: float) -> Tensor:
    """Kullback-Leibler divergence of the predicted distributions from Gaussians around the scores.

    Source: Tang et al., CVPR 2020.

    Args:
        logits: ``(N, K)``.
        scores: ``(N,)``.
        bins: ``(K,)``.
        sigma: Standard deviation of the Gaussians in units of the scores, positive.

    Returns:
        The mean over samples, a scalar of 0 or more.

    Raises:
        DataError: There is not one score a row.
    """
    _same_shape(logits[:, 0], scores)
    labels = gaussian_soft_labels(scores, bins, sigma)
    return F.kl_div(F.log_softmax(logits, dim=1), labels, reduction="batchmean")


def expected_score(logits: Tensor, bins: Tensor) -> Tensor:
    """Means ``(N,)`` of the distributions that ``(N, K)`` logits over ``(K,)`` bins stand for."""
    return torch.softmax(logits, dim=1) @ bins


def _same_shape(outputs: Tensor, scores: Tensor) -> None:
    if outputs.shape != scores.shape:
        raise DataError(
            "Predictions and scores do not match.",
            expected=f"one prediction for each of {tuple(scores.shape)} scores",
            found=tuple(outputs.shape),
        )
