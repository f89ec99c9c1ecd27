"""Temporal shift: which frames are read, moved along the clip."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["temporal_shift"]


def temporal_shift(
    indices: Tensor, lengths: Tensor, max_shift: int, generator: torch.Generator, p: float = 0.5
) -> Tensor:
    """Shift the frame numbers of each clip by a draw of its own, held at the clip's ends.

    Args:
        indices: ``(N, T)`` frame numbers, int64.
        lengths: ``(N,)`` frames of each clip.
        max_shift: Largest shift either way, in frames.
        generator: CPU generator of all draws.
        p: Probability of a shift.

    Returns:
        ``(N, T)`` frame numbers, each within ``[0, length)`` of its clip.

    Example:
        >>> still = temporal_shift(torch.tensor([[0, 5]]), torch.tensor([9]), 0, torch.Generator())
        >>> still.tolist()
        [[0, 5]]
    """
    count = len(indices)
    chosen = torch.rand(count, generator=generator) < p
    shift = torch.randint(-max_shift, max_shift + 1, (count,), generator=generator) * chosen
    moved = indices + shift[:, None].to(indices.device)
    last = (lengths.to(indices.device) - 1)[:, None]
    return torch.minimum(moved.clamp_min(0), last)
