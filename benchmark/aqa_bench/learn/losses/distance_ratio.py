"""Distance-ratio loss of triplets: Eq. 1 of Parmar et al., ECCV 2022 (after Hoffer & Ailon, 2015)."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.core.errors import MethodError

__all__ = ["batch_all_distance_ratio", "distance_ratio_loss"]


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
            "The distance-ratio loss cannot be computed.",
            expected="anchors, positives and negatives of one shape (N, D), and 2 or 3 terms",
            found=f"{tuple(anchor.shape)}, {tuple(positive.shape)}, {tuple(negative.shape)}, {terms} terms",
        )
    to_positive = _distance(anchor, positive, squared)
    logits = [torch.zeros_like(to_positive), to_positive - _distance(anchor, negative, squared)]
    if terms == 3:
        logits.append(to_positive - _distance(positive, negative, squared))
    return torch.stack(logits).logsumexp(dim=0).mean()


def batch_all_distance_ratio(
    embeddings: Tensor,
    phases: Tensor,
    clip_ids: Tensor,
    *,
    gap: float = 30.0,
    tolerance: float = 8.0,
    squared: bool = False,
) -> Tensor:
    """Eq. 1 with two terms, averaged over all valid triplets of a batch.

    A triplet is valid if anchor and positive come from different clips and differ by at most
    ``tolerance`` in phase, and the negative, from any clip, differs from the anchor by more than
    ``gap``. Every frame serves in many triplets, so the loss leaves ln 2 where sampled triplets of
    weakly initialised networks stay at it.

    Args:
        embeddings: ``(N, D)``.
        phases: ``(N,)`` phase of each frame, in [0, 360]; it does not wrap.
        clip_ids: ``(N,)`` integers that tell clips apart.
        gap: Smallest difference in phase between anchor and negative, exclusive.
        tolerance: Largest difference in phase between anchor and positive, inclusive.
        squared: Whether distances are squared.

    Returns:
        A scalar; 0 (with zero gradients) where the batch has no valid triplet.

    Raises:
        MethodError: Shapes differ.
    """
    count = len(embeddings)
    if embeddings.ndim != 2 or phases.shape != (count,) or clip_ids.shape != (count,):
        raise MethodError(
            "The batch-all loss cannot be computed.",
            expected="embeddings (N, D), phases (N,) and clip ids (N,)",
            found=f"{tuple(embeddings.shape)}, {tuple(phases.shape)}, {tuple(clip_ids.shape)}",
        )
    wide = embeddings if embeddings.dtype == torch.float64 else embeddings.float()
    apart = (phases[:, None] - phases[None, :]).abs()
    far = apart > gap
    valid = (apart <= tolerance) & (clip_ids[:, None] != clip_ids[None, :]) & far.any(dim=1, keepdim=True)
    # Distances by differences, not by products: those are exact where embeddings nearly coincide.
    distances = torch.cdist(wide, wide, compute_mode="donot_use_mm_for_euclid_dist")
    if squared:
        distances = distances.square()
    anchors, positives = valid.nonzero(as_tuple=True)
    losses = F.softplus(distances[anchors, positives, None] - distances[anchors])
    weights = far[anchors].to(losses.dtype)
    total: Tensor = (losses * weights).sum()
    return total / weights.sum().clamp_min(1)


def _distance(a: Tensor, b: Tensor, squared: bool) -> Tensor:
    difference = a - b if a.dtype == torch.float64 else a.float() - b.float()
    if squared:
        return difference.square().sum(dim=1)
    norm: Tensor = torch.linalg.vector_norm(difference, dim=1)
    return norm
