"""Optimisers by the names that recipes use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer

from aqa_bench.core.errors import RecipeError

__all__ = ["optimizer"]

_NAMES = ("adadelta", "adam", "adamw", "sgd")


def optimizer(
    name: str,
    params: Iterable[Parameter] | Iterable[dict[str, Any]],
    lr: float,
    *,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
) -> Optimizer:
    """Build an optimiser.

    Args:
        name: ``"adam"`` (L2 penalty), ``"adamw"`` (decoupled decay), ``"adadelta"`` or ``"sgd"``
            (Nesterov momentum).
        params: Parameters, or groups with options of their own such as ``lr``.
        lr: Learning rate.
        weight_decay: Weight decay.
        momentum: Momentum of ``"sgd"``; 0 for plain gradient descent.

    Returns:
        The optimiser.

    Raises:
        RecipeError: The name is unknown.
    """
    match name:
        case "adam":
            return torch.optim.Adam(params, lr=lr, weight_decay=weight_decay)
        case "adamw":
            return torch.optim.AdamW(params, lr=lr, weight_decay=weight_decay)
        case "adadelta":
            return torch.optim.Adadelta(params, lr=lr, weight_decay=weight_decay)
        case "sgd":
            return torch.optim.SGD(
                params, lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=momentum > 0
            )
    raise RecipeError("The optimiser is unknown.", expected=f"one of {', '.join(_NAMES)}", found=name)
