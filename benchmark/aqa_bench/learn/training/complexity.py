"""What a network costs: parameters and multiply-adds."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from aqa_bench.learn.training.device import evaluating

__all__ = ["giga_multiply_adds", "parameter_count"]


def parameter_count(*modules: nn.Module) -> int:
    """Number of parameters, trained and frozen together, without buffers."""
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def giga_multiply_adds(module: nn.Module, *inputs: Tensor) -> float:
    """Multiply-adds of one forward pass in units of 1e9, in evaluation mode.

    Convolutions and matrix products are counted; element-wise work and normalisation are not.

    Args:
        module: The network; its mode is left as it was.
        *inputs: Its arguments, of a batch of one for the cost of a sample.

    Example:
        >>> giga_multiply_adds(nn.Linear(1000, 1000, bias=False), torch.zeros(1, 1000))
        0.001
    """
    with evaluating(module), torch.inference_mode(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    # PyTorch counts a multiply-add as two operations; the literature's tables count it as one.
    return float(counter.get_total_flops()) / 2e9
