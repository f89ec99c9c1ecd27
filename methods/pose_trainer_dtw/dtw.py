"""Dynamic time warping between one series and many (Sakoe and Chiba, 1978; no band)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError

__all__ = ["dtw_distance", "dtw_distances"]

_Series = npt.NDArray[np.floating[Any]]


def dtw_distances(query: _Series, references: Sequence[_Series]) -> npt.NDArray[np.float64]:
    """Distance of a series from each of several others.

    The cost of matching two time steps is their squared Euclidean distance, a path steps by one in either
    series or in both, and the distance is the square root of the cheapest path's total cost.

    Args:
        query: ``(T,)`` or ``(T, D)``, T >= 1.
        references: Each ``(U,)`` or ``(U, D)``, U >= 1; lengths may differ.

    Returns:
        ``(len(references),)`` float64, each >= 0.

    Raises:
        DataError: A series is empty, or has another number of channels.

    Example:
        >>> dtw_distances(np.array([0.0, 1.0]), [np.array([0.0, 0.0, 1.0]), np.array([1.0])]).tolist()
        [0.0, 1.0]
    """
    if not len(references):
        return np.empty(0)
    x = _channels(query)
    others = [_channels(reference) for reference in references]
    for other in others:
        if other.shape[1] != x.shape[1]:
            raise DataError(
                "The two series have different numbers of channels.",
                expected=x.shape[1],
                found=other.shape[1],
            )
    steps, ends = len(x), np.array([len(other) for other in others])
    width = int(ends.max())
    # Cells right of a shorter series' end never reach back into it, so any padding does.
    # Reversed references: cells of one anti-diagonal then pair a slice of the query with a
    # slice of each, without gathering.
    backwards = np.zeros((len(others), width, x.shape[1]))
    for row, other in zip(backwards, others, strict=True):
        row[width - len(other) :] = other[::-1]

    total = np.empty(len(others))
    # Anti-diagonals of the cost table, indexed by the query's step plus one; index 0 is outside the table.
    before = np.full((len(others), steps + 1), np.inf)
    # The corner outside the table from which every path begins. The borders stay infinite, so
    # that no path can enter elsewhere.
    before[:, 0] = 0.0
    last = np.full_like(before, np.inf)
    # A cell needs its left, lower and diagonal neighbours only, which lie on the two diagonals before: all
    # cells of one, of all references, are computed at once.
    for diagonal in range(steps + width - 1):
        low, high = max(0, diagonal - width + 1), min(steps, diagonal + 1)
        start = width - 1 - diagonal + low
        cost = np.square(x[low:high] - backwards[:, start : start + high - low]).sum(axis=2)
        # The two single steps; the step in both series comes from the diagonal before the last.
        cheapest = np.minimum(last[:, low:high], last[:, low + 1 : high + 1])
        current = np.full_like(before, np.inf)
        current[:, low + 1 : high + 1] = cost + np.minimum(cheapest, before[:, low:high])
        # The last cell of a reference lies on the diagonal of both last steps;
        # shorter references are done earlier.
        done = ends == diagonal - steps + 2
        total[done] = current[done, steps]
        before, last = last, current
    return np.sqrt(total)


def dtw_distance(first: _Series, second: _Series) -> float:
    """Distance of two series; see :func:`dtw_distances`.

    Example:
        >>> dtw_distance(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0, 3.0, 3.0]))
        0.0
    """
    return float(dtw_distances(first, [second])[0])


def _channels(series: _Series) -> npt.NDArray[np.float64]:
    values = np.asarray(series, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.size:
        raise DataError(
            "The series does not have a shape that can be warped.",
            expected="(T,) or (T, D) with T, D >= 1",
            found=np.shape(series),
        )
    return values
