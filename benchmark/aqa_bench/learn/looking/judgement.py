"""From features to a judgement, as differentiable arithmetic."""

from __future__ import annotations

import torch
from torch import Tensor

from aqa_bench.learn.features.head_inputs import FeatureScaler

__all__ = ["judgement", "scaled"]


def scaled(features: Tensor, scaler: FeatureScaler) -> Tensor:
    """Features ``(..., D)`` to ``(..., K)``, as the scaler does it to arrays."""
    mean, scale = (torch.from_numpy(v).to(features.device) for v in (scaler.mean, scaler.scale))
    z = (features - mean) / scale
    if scaler.components is None:
        return z
    return z @ torch.from_numpy(scaler.components).to(features.device).T


def judgement(outputs: Tensor, is_score: bool) -> Tensor:
    """Log-odds of an error, or the standardised score, of outputs ``(B, C)``: ``(B,)``."""
    return outputs[:, 0] if is_score else outputs[:, 1] - outputs[:, 0]
