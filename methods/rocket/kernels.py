"""The kernels of MiniRocket: fixed patterns, dilated, on random channels; biases come from training clips."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST_LENGTH", "PATTERNS", "Kernels", "dilations", "draw_kernels"]

_TAPS = 9
_MOST_DILATIONS = 32
_MOST_CHANNELS = 9
_GOLDEN = (np.sqrt(5) + 1) / 2

LEAST_LENGTH = _TAPS
"""Fewest points in time that a kernel can be laid over."""

PATTERNS = np.full((84, _TAPS), -1.0)
"""``(84, 9)``: the weights of all kernels, three of which are 2 and six -1, so that their sum is 0."""
for _row, _places in zip(PATTERNS, combinations(range(_TAPS), 3), strict=True):
    _row[list(_places)] = 2.0


@dataclass(frozen=True)
class Kernels:
    """All kernels of one dilation.

    Attributes:
        dilation: Distance of neighbouring taps.
        channels: ``(84, C)`` bool: the channels that each kernel sums over.
        biases: ``(84, F)``: the thresholds of each kernel.
        first_padded: 0 or 1: every other kernel from this one on is also laid over the zeros beyond the ends.
    """

    dilation: int
    channels: npt.NDArray[np.bool_]
    biases: npt.NDArray[np.float64]
    first_padded: int

    def outputs(self, series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Outputs of every kernel, padded: ``(84, T)``.

        Args:
            series: ``(C, T)``.
        """
        return np.asarray(_weights(self.channels) @ _taps(series, self.dilation))

    @property
    def margin(self) -> int:
        """Outputs at either end that padding reaches."""
        return self.dilation * (_TAPS // 2)


def dilations(length: int, per_kernel: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The dilations of each kernel, and how many of its features each of them gets.

    Exponents are spread evenly, up to the dilation at which a kernel spans the series; short dilations, which
    several exponents are cut to, get more features.

    Args:
        length: Points in time, at least 9.
        per_kernel: Features of each of the 84 kernels, at least 1.

    Returns:
        Two ``(D,)`` arrays; the second sums to ``per_kernel``.

    Example:
        >>> [part.tolist() for part in dilations(33, 10)]
        [[1, 2, 3, 4], [5, 3, 1, 1]]
    """
    steps = min(per_kernel, _MOST_DILATIONS)
    largest = np.log2((length - 1) / (_TAPS - 1))
    found, counts = np.unique(np.logspace(0, largest, steps, base=2).astype(np.int64), return_counts=True)
    counts = (counts * (per_kernel / steps)).astype(np.int64)
    # What rounding down left over goes to the shortest dilations, one each, over and over.
    rest, size = per_kernel - int(counts.sum()), len(counts)
    counts += rest // size + (np.arange(size) < rest % size)
    return found, counts


def draw_kernels(
    series: npt.NDArray[np.float64], features: int, rng: np.random.Generator
) -> tuple[Kernels, ...]:
    """Draw kernels for series like these.

    Channels are drawn at random, up to nine for a kernel and dilation, fewer more often. The biases of a
    kernel are quantiles of its output on one random clip; the quantiles follow the golden ratio.

    Args:
        series: ``(n, C, T)``: the training clips, T >= 9.
        features: Biases wanted in all; rounded down to a multiple of 84.
        rng: Draws channels and clips.
    """
    n, width, length = series.shape
    found = []
    used = 0
    for place, (dilation, count) in enumerate(zip(*dilations(length, features // 84), strict=True)):
        channels = _draw_channels(width, rng)
        clips = rng.integers(n, size=len(PATTERNS))
        order = np.arange(used + 1, used + len(PATTERNS) * count + 1).reshape(len(PATTERNS), count)
        used += order.size
        biases = [
            np.quantile(weights @ _taps(series[clip], int(dilation)), quantiles)
            for weights, clip, quantiles in zip(_weights(channels), clips, order * _GOLDEN % 1, strict=True)
        ]
        found.append(Kernels(int(dilation), channels, np.stack(biases), place % 2))
    return tuple(found)


def _draw_channels(width: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    largest = np.log2(min(width, _MOST_CHANNELS) + 1)
    counts = (2 ** rng.uniform(0, largest, len(PATTERNS))).astype(np.int64)
    order = rng.permuted(np.tile(np.arange(width), (len(PATTERNS), 1)), axis=1)
    return np.asarray(order < counts[:, None])


def _weights(channels: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """``(84, C * 9)``: weights of every channel and tap."""
    return np.asarray(channels[:, :, None] * PATTERNS[:, None, :]).reshape(len(channels), -1)


def _taps(series: npt.NDArray[np.float64], dilation: int) -> npt.NDArray[np.float64]:
    """``(C, T)`` to ``(C * 9, T)``: what every tap sees at every place, with zeros beyond the ends."""
    width, length = series.shape
    margin = dilation * (_TAPS // 2)
    padded = np.pad(series, ((0, 0), (margin, margin)))
    shifted = [padded[:, tap * dilation :][:, :length] for tap in range(_TAPS)]
    return np.stack(shifted, axis=1).reshape(width * _TAPS, length)
