"""Losses of training on labels: classes of unbalanced errors, and scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from aqa_bench.core.errors import DataError

__all__ = ["class_weights", "mse_l1_loss", "weighted_cross_entropy"]


def class_weights(labels: Tensor | NDArray[np.integer] | Sequence[int]) -> Tensor:
    """Inverse class frequencies of a binary task, ``w_c = N / (2 N_c)``.

    Args:
        labels: ``(N,)`` with values 0 (correct) and 1 (error), of the training split.

    Returns:
        ``(2,)`` float32. Where one class is absent its weight is 0 and the other's 1.

    Raises:
        DataError: There are no labels, or some are neither 0 nor 1.

    Example:
        >>> class_weights([0, 0, 0, 1]).tolist()
        [0.6666666865348816, 2.0]
    """
    values = torch.as_tensor(labels).flatten().cpu()
    if len(values) == 0 or not ((values == 0) | (values == 1)).all():
        raise DataError(
            "Class weights need binary labels.",
            expected="at least one label, each 0 or 1",
            found=sorted(set(values.tolist()))[:5],
        )
    counts = torch.bincount(values.long(), minlength=2).double()
    if (counts == 0).any():
        # One class alone has no balance to restore, and N / 0 is no weight.
        return (counts > 0).float()
    return (len(values) / (2 * counts)).float()


def weighted_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Softmax cross-entropy, averaged with the weight of each sample's class.

    Args:
        logits: ``(N, C)``.
        targets: ``(N,)`` class indices.
        weights: ``(C,)``; equal weights when None.

    Returns:
        A scalar; 0 where every sample of the batch has weight 0.
    """
    losses = F.cross_entropy(logits, targets.long(), reduction="none")
    if weights is None:
        return losses.mean()
    w = weights.to(losses)[targets.long()]
    # Divided by the weights, not by the number of samples: a batch of rare errors
    # would otherwise take a larger step.
    return (w * losses).sum() / w.sum().clamp_min(torch.finfo(w.dtype).tiny)


def mse_l1_loss(outputs: Tensor, scores: Tensor) -> Tensor:
    """Mean squared plus mean absolute error (Parmar and Tran Morris, CVPR 2019).

    Args:
        outputs: ``(N,)`` predicted scores.
        scores: ``(N,)`` scores.

    Returns:
        A scalar.

    Raises:
        DataError: The shapes differ, which would broadcast to a matrix of errors.

    Example:
        >>> float(mse_l1_loss(torch.tensor([3.0]), torch.tensor([1.0])))
        6.0
    """
    if outputs.shape != scores.shape:
        raise DataError(
            "The numbers of predictions and scores differ.",
            expected=f"one prediction for each of {tuple(scores.shape)} scores",
            found=tuple(outputs.shape),
        )
    return F.mse_loss(outputs, scores) + F.l1_loss(outputs, scores)
