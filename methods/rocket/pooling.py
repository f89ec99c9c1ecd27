"""What is kept of a kernel's output over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from .kernels import Kernels

__all__ = ["Pooling", "four", "pooled", "proportion"]

_Array = npt.NDArray[np.float64]
Pooling = Callable[[_Array, _Array], _Array]
"""Pools outputs ``(K, T)`` at biases ``(K, F)`` to ``(K, F, P)``."""


def proportion(outputs: _Array, biases: _Array) -> _Array:
    """Share of outputs above the bias, which is all that MiniRocket keeps: ``(K, F, 1)``."""
    return np.asarray((outputs[:, None] > biases[..., None]).mean(axis=2))[..., None]


def four(outputs: _Array, biases: _Array) -> _Array:
    """The four numbers of MultiRocket: ``(K, F, 4)``.

    They are the share of outputs above the bias, the longest stretch of them, the mean of these outputs plus
    the bias (0 without any), and the mean of their places in time (-1 without any). The stretch runs
    from the start or from the last output below the bias, which counts, to the next one or the last
    output. So ``aeon`` computes them; the paper subtracts the bias from the mean and counts outputs above it
    alone.
    """
    length = outputs.shape[1]
    places = np.arange(length)
    above = (outputs[:, None] > biases[..., None]).astype(np.float64)
    sums = above @ np.stack([np.ones_like(outputs), outputs, np.broadcast_to(places, outputs.shape)], axis=2)
    count, total, place = np.moveaxis(sums, 2, 0)
    last_below = np.maximum.accumulate(np.where(outputs[:, None] < biases[..., None], places, 0), axis=2)
    stretch = (places[1:] - last_below[..., :-1]).max(axis=2, initial=0)
    none, some = count == 0, np.maximum(count, 1)
    mean = np.where(none, 0, total / some + biases)
    return np.stack([count / length, stretch, mean, np.where(none, -1, place / some)], axis=2)


def pooled(series: _Array, kernels: Sequence[Kernels], pooling: Pooling) -> _Array:
    """Features of clips.

    Args:
        series: ``(n, C, T)``, of the length that the kernels were drawn for.
        kernels: The kernels of every dilation.
        pooling: :func:`proportion` or :func:`four`.

    Returns:
        ``(n, D)``; by dilation, padded kernels first, then by kernel, bias and number.
    """
    return np.stack([_pooled(clip, kernels, pooling) for clip in series])


def _pooled(clip: _Array, kernels: Sequence[Kernels], pooling: Pooling) -> _Array:
    parts = []
    for bank in kernels:
        outputs = bank.outputs(clip)
        inside = outputs[:, bank.margin : clip.shape[1] - bank.margin]
        for first, values in ((bank.first_padded, outputs), (1 - bank.first_padded, inside)):
            parts.append(pooling(values[first::2], bank.biases[first::2]).ravel())
    return np.concatenate(parts)
