"""Loss of SimSiam (Chen & He, CVPR 2021, Eq. 1-4)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["negative_cosine", "simsiam_loss"]


def negative_cosine(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean negative cosine similarity, without gradients into the target.

    Args:
        prediction: ``(N, D)`` output of the predictor.
        target: ``(N, D)`` projection of the other view.

    Returns:
        A scalar in [-1, 1], in float32 at least.
    """
    # The target is detached: with gradients on both sides the constant embedding is the quickest way down.
    p, z = (x if x.element_size() > 4 else x.float() for x in (prediction, target.detach()))
    return -F.cosine_similarity(p, z, dim=1).mean()


def simsiam_loss(prediction_1: Tensor, prediction_2: Tensor, target_1: Tensor, target_2: Tensor) -> Tensor:
    """Symmetric loss of two views: each view's prediction against the other's projection.

    Args:
        prediction_1: ``(N, D)`` predictor output of the first view.
        prediction_2: ``(N, D)`` predictor output of the second view.
        target_1: ``(N, D)`` projection of the first view.
        target_2: ``(N, D)`` projection of the second view.

    Returns:
        A scalar in [-1, 1].
    """
    return (negative_cosine(prediction_1, target_2) + negative_cosine(prediction_2, target_1)) / 2
