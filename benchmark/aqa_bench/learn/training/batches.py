"""Shuffled batches of what fits into memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.errors import RecipeError

__all__ = ["full_batches", "shuffled_batches"]


def full_batches(count: int, size: int) -> Iterator[slice]:
    """Slices of ``size`` items; what is left over makes no batch, unless it is all there is.

    Args:
        count: Number of items.
        size: Items a batch, at least 1.

    Example:
        >>> [(part.start, part.stop) for part in full_batches(7, 3)]
        [(0, 3), (3, 6)]
    """
    for start in range(0, max(count - count % size, 1), size):
        yield slice(start, start + size)


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
