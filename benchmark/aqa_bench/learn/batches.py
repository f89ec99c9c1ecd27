"""Shuffled batches of what fits into memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.errors import RecipeError

__all__ = ["shuffled_batches"]


def shuffled_batches(x: Tensor, y: Tensor, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """One pass over examples in an order drawn from a seed.

    A single left-over example joins the batch before it, since batch normalisation needs two.

    Args:
        x: ``(n, ...)`` inputs.
        y: ``(n,)`` targets.
        size: Examples a batch, at least 1.
        seed: Seed of the order.

    Yields:
        Inputs and targets of a batch, on the devices that they are on.

    Raises:
        RecipeError: The size is below 1.
    """
    if size < 1:
        raise RecipeError("A batch is too small.", where="batch size", expected="at least 1", found=size)
    order = np.random.default_rng(seed).permutation(len(x))
    cuts = [0, *range(size, len(order), size)]
    if len(cuts) > 1 and size > 1 and len(order) - cuts[-1] == 1:
        cuts.pop()
    for start, stop in pairwise([*cuts, len(order)]):
        index = torch.from_numpy(order[start:stop])
        yield x[index.to(x.device)], y[index.to(y.device)]
