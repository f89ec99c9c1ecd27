"""Distance-ratio loss of triplets: Eq. 1 of Parmar et al., ECCV 2022 (after Hoffer & Ailon, 2015)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from aqa_bench.core.errors import MethodError
from aqa_bench.core.recipe import Recipe

__all__ = ["TripletLoss", "distance_ratio_loss"]


class TripletLoss(Recipe):
    """Part of a recipe: embeddings and their loss (Parmar et al., ECCV 2022, Eq. 1).

    Attributes:
        terms: Summands of the loss' denominator.
        squared: Whether the loss' distances are squared.
        embedding: Length of the embedding.
        hidden: Widths of layers between features and embedding.
    """

    terms: Literal[2, 3] = 2
    squared: bool = False
    embedding: int = Field(default=128, ge=2)
    hidden: tuple[int, ...] = ()


def distance_ratio_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    terms: Literal[2, 3] = 2,
    squared: bool = False,
) -> Tensor:
    """Mean of ``-log(exp(-d(a, p)) / (exp(-d(a, p)) + exp(-d(a, n)) [+ exp(-d(p, n))]))``.

    The paper prints two terms and the distance ``‖·‖₂``; the released code has the third term and
    squared distances. Where all embeddings coincide the loss is ln 2 (two terms) or ln 3. On unit
    vectors it is bounded from below by ``ln(1 + e^-2)`` and ``ln(1 + 2e^-2)``, or with squared
    distances ``ln(1 + e^-4)`` and ``ln(1 + 2e^-4)``.

    Args:
        anchor: ``(N, D)`` embeddings.
        positive: ``(N, D)`` embeddings of the same pose.
        negative: ``(N, D)`` embeddings of another pose.
        terms: Summands of the denominator.
        squared: Whether distances are squared.

    Returns:
        A scalar, in float32 at least.

    Raises:
        MethodError: Shapes differ, or ``terms`` is neither 2 nor 3.

    Example:
        >>> same = torch.ones(4, 8)
        >>> round(float(distance_ratio_loss(same, same, same)), 4)
        0.6931
    """
    if anchor.ndim != 2 or not anchor.shape == positive.shape == negative.shape or terms not in (2, 3):
        raise MethodError(
            "The inputs of the distance-ratio loss have the wrong shapes.",
            expected="anchors, positives and negatives with the same shape (N, D), and 2 or 3 terms",
            found=f"{tuple(anchor.shape)}, {tuple(positive.shape)}, {tuple(negative.shape)}, {terms} terms",
        )
    to_positive = _distance(anchor, positive, squared)
    # Divided through by exp(-d(a, p)): a log-sum-exp of differences cannot overflow.
    logits = [torch.zeros_like(to_positive), to_positive - _distance(anchor, negative, squared)]
    if terms == 3:
        logits.append(to_positive - _distance(positive, negative, squared))
    return torch.stack(logits).logsumexp(dim=0).mean()


def _distance(a: Tensor, b: Tensor, squared: bool) -> Tensor:
    # bfloat16 keeps two to three digits, so that embeddings which nearly coincide would be equal.
    difference = a - b if a.dtype == torch.float64 else a.float() - b.float()
    if squared:
        return difference.square().sum(dim=1)
    norm: Tensor = torch.linalg.vector_norm(difference, dim=1)
    return norm
