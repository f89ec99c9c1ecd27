"""Bootstrap intervals for few groups: bias-corrected, accelerated, and as wide as Student's t asks."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from aqa_bench.core.errors import UsageError

__all__ = ["bca_bounds"]

Array = NDArray[np.float64]

_FARTHEST: Final = 1e-3


def bca_bounds(value: float, distribution: Array, influence: Array, level: float) -> tuple[float, float]:
    """BCa interval (Efron, Journal of the American Statistical Association 82, 1987) with quantiles of t.

    A percentile interval of G groups is too narrow as a normal interval is beside Student's, and on one side
    where the metric nears its bound. Here the quantiles of the bootstrap distribution are those that t with
    G - 1 degrees of freedom asks for, moved by the distribution's bias and by the skewness of the groups'
    influences. From 100 groups on that changes little.

    Args:
        value: The statistic on the real data.
        distribution: The statistic on every resample, ``(B,)``; NaN where undefined.
        influence: Influence of each group, ``(G,)``.
        level: Nominal coverage, in (0, 1).

    Returns:
        Lower and upper bound; NaN if the value is, if no resample is defined, or if there is one group.

    Raises:
        UsageError: If ``level`` is not in (0, 1).
    """
    if not 0 < level < 1:
        raise UsageError(
            "the level of the interval is out of range", where="level", expected="0 < level < 1", found=level
        )
    defined = distribution[~np.isnan(distribution)]
    if math.isnan(value) or len(defined) == 0 or len(influence) < 2:
        return math.nan, math.nan
    below = float((defined < value).mean() + (defined == value).mean() / 2)
    bias = norm.ppf(min(max(below, _FARTHEST), 1 - _FARTHEST))
    spread = float((influence**2).sum())
    # At most 1/6, so that with the bias bounded no denominator below reaches zero.
    skewness = float((influence**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    reach = t.ppf((1 + level) / 2, len(influence) - 1)
    moved = bias + np.array([-reach, reach])
    with np.errstate(divide="ignore"):
        at = norm.cdf(bias + moved / np.maximum(1 - skewness * moved, 0.0))
    low, high = np.quantile(defined, np.sort(at))
    return float(low), float(high)
