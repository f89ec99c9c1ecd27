"""Correction of p-values for multiple comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.checks import finite_array

__all__ = ["holm"]


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values by Holm's step-down method (Scandinavian Journal of Statistics 6, 1979).

    The i-th smallest of m becomes ``max over j <= i of min(1, (m - j + 1) p_j)``. Rejecting where the
    adjusted value is at most alpha keeps the chance of any false rejection at alpha, whatever the dependence.

    Args:
        p_values: p-values of one family, ``(m,)``; may be empty.

    Returns:
        Adjusted p-values in the order given, ``(m,)``, float64.

    Raises:
        DataError: If a p-value is NaN or outside [0, 1].

    Example:
        >>> holm([0.25, 0.125, 0.0625]).tolist()
        [0.25, 0.25, 0.1875]
    """
    if len(p_values) == 0:
        return np.empty(0)
    p = finite_array("p_values", p_values)
    if p.min() < 0 or p.max() > 1:
        worst = p[(p < 0) | (p > 1)][0]
        raise DataError("not a p-value", where="p_values", expected="values in [0, 1]", found=worst)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order]))
    return adjusted
