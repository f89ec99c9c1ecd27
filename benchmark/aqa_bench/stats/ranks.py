"""Rank groups: methods that the data cannot tell apart share a rank."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from aqa_bench.core.errors import DataError
from aqa_bench.stats.multiple import holm

__all__ = ["rank_groups"]


def rank_groups(
    names: Sequence[str],
    values: Sequence[float],
    p_values: ArrayLike | Callable[[str, str], float],
    alpha: float = 0.05,
    higher_is_better: bool = True,
) -> dict[str, int | None]:
    """Put methods into groups of equal rank.

    The best method leads group 1; with it are all that are not significantly worse, by Holm's correction over
    the comparisons of the leader with every method still without a group. The best of the rest leads the next
    group, and so on. Membership is judged against the leader alone: a noisy method may share its leader's
    group although a steadier one with a better value does not.

    Args:
        names: Names of the methods, ``(M,)``, all different.
        values: Their values, ``(M,)``; NaN for a method without one. Of equal values the first named is the
            better, and a method as good as its leader is in its group whatever the p-value.
        p_values: Two-sided p-values of the pairwise differences: a matrix ``(M, M)`` in the order of the
            names, or a function of two names, called as (leader, other) and only for the pairs needed.
        alpha: Level of the family of comparisons with one leader.
        higher_is_better: Direction of the metric.

    Returns:
        Group of every method in the order of the names: 1, 2, ...; None where the value is NaN.

    Raises:
        DataError: If the lengths differ, a name is repeated, or a p-value in use is NaN or not in [0, 1].

    Example:
        >>> p = {"b": 0.4, "c": 0.01}
        >>> rank_groups(["a", "b", "c"], [0.9, 0.8, 0.5], lambda leader, other: p[other])
        {'a': 1, 'b': 1, 'c': 2}
    """
    if len(names) != len(values) or len(set(names)) != len(names):
        raise DataError(
            "names and values do not fit together",
            expected="one value for each of the names, all different",
            found=f"{len(names)} names ({len(set(names))} different), {len(values)} values",
        )
    p_of = _lookup(names, p_values)
    cost = {name: -value if higher_is_better else value for name, value in zip(names, values, strict=True)}
    groups: dict[str, int | None] = dict.fromkeys(names)
    left = sorted((name for name in names if not math.isnan(cost[name])), key=cost.__getitem__)
    rank = 0
    while left:
        rank += 1
        # The leader is never among the worse, so that every round takes one name at least.
        leader, rest = left[0], left[1:]
        adjusted = holm([p_of(leader, name) for name in rest])
        # Of equal values neither is worse, even where the bootstrap calls the difference significant.
        worse = {
            name for name, p in zip(rest, adjusted, strict=True) if p <= alpha and cost[name] > cost[leader]
        }
        groups.update((name, rank) for name in left if name not in worse)
        left = [name for name in rest if name in worse]
    return groups


def _lookup(
    names: Sequence[str], p_values: ArrayLike | Callable[[str, str], float]
) -> Callable[[str, str], float]:
    # Each p-value may cost a bootstrap: a function is asked for comparisons with leaders alone.
    if callable(p_values):
        return p_values
    matrix = np.asarray(p_values, dtype=np.float64)
    if matrix.shape != (len(names), len(names)):
        raise DataError(
            "the matrix of p-values does not fit the names",
            expected=f"shape ({len(names)}, {len(names)})",
            found=f"shape {matrix.shape}",
        )
    position = {name: i for i, name in enumerate(names)}
    return lambda leader, other: float(matrix[position[leader], position[other]])
