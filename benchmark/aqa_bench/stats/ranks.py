"""Ranks read off simultaneous comparisons: an interval of ranks per row, and groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from aqa_bench.core.errors import DataError
from aqa_bench.stats.checks import finite_array

__all__ = ["Rank", "ranks_of"]


class Rank(NamedTuple):
    """Where a row stands.

    Attributes:
        group: Its rank group, 1 the best.
        low: The best rank that the comparisons leave it: one more than the rows that are better for certain.
        high: The worst one: as many as there are rows, less those that are worse for certain.
    """

    group: int
    low: int
    high: int


def ranks_of(
    values: Sequence[float],
    p_values: ArrayLike,
    alpha: float = 0.05,
    higher_is_better: bool = True,
) -> list[Rank]:
    """Read ranks off the comparisons of all pairs.

    A row is better than another for certain if its value is better and the adjusted p-value of the pair is
    at most ``alpha``. Where no such statement is false, every row's true rank lies in its interval: the
    intervals hold all at once, with the confidence that the p-values were adjusted for (Al Mohamad, Goeman
    and van Zwet, Biometrics 78, 2022).

    Groups cut the same statements into one list. The best row leads group 1; with it are all that it is not
    better than for certain. The best of the rest leads the next group, and so on. So two rows of one group
    may be told apart, and two rows of different groups may not: the intervals say more.

    Args:
        values: Values of the M rows, ``(M,)``. Of equal ones the first is the better.
        p_values: Adjusted p-values of the pairs, ``(M, M)``, as of `aqa_bench.stats.separation.separation`.
        alpha: Level.
        higher_is_better: Direction of the metric.

    Returns:
        A rank for each row, in the order of the values.

    Raises:
        DataError: If the shapes do not fit, or a value or p-value is not finite.

    Example:
        >>> p = [[1, 0.4, 0.01], [0.4, 1, 0.2], [0.01, 0.2, 1]]
        >>> ranks_of([0.9, 0.8, 0.5], p)
        [Rank(group=1, low=1, high=2), Rank(group=1, low=1, high=3), Rank(group=2, low=2, high=3)]
    """
    n = len(values)
    if n == 0:
        return []
    cost = finite_array("values", values) * (-1 if higher_is_better else 1)
    p = finite_array("p_values", p_values, ndim=2)
    if p.shape != (n, n):
        raise DataError("p-values do not fit the values", expected=f"shape ({n}, {n})", found=f"{p.shape}")
    better = (p <= alpha) & (cost[:, None] < cost)
    group = np.zeros(n, dtype=np.int64)
    left = np.argsort(cost, kind="stable")
    while len(left):
        # The leader is never better than itself, so that every round takes one row at least.
        beaten = better[left[0], left]
        group[left[~beaten]] = group.max() + 1
        left = left[beaten]
    low, high = 1 + better.sum(0), n - better.sum(1)
    return [Rank(*map(int, rank)) for rank in zip(group, low, high, strict=True)]
