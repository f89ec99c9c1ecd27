"""Which rows of a board can be told apart: simultaneous sign-flip tests of all pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.evidence import Evidence

__all__ = ["N_FLIPS", "separation"]

N_FLIPS: Final = 4_000
"""Sign flips behind the p-values of a board."""

Array = NDArray[np.float64]

_BLOCK = 256
# Flips that give the same statistic up to rounding count as ties.
_TIE = 1 - 1e-9


def separation(
    rows: Sequence[Evidence],
    *,
    rng_seed: int = 0,
    streams: Sequence[int] | None = None,
    n_flips: int = N_FLIPS,
) -> Array:
    """Test every pair of rows for a difference, all at once.

    The difference of two rows is a sum over groups of samples: that of their influences, and the difference
    itself in proportion to their masses, so that the parts add up to it exactly. Were the rows equal, each
    group's part might as well have the other sign. So the signs of whole groups are flipped, the same flips
    for every pair, each pair's sum is divided by its standard error (which flips do not change), and the
    greatest of them over the pairs is what the observed one is held against, from the greatest observed
    difference down (Westfall and Young, Resampling-Based Multiple Testing, 1993; sign flips of contributions:
    Hemerik, Goeman and Finos, Journal of the Royal Statistical Society B 82, 2020).

    Seeds are the second source of variation. A row's seeds may differ more than the samples explain
    (`Evidence.seed_variance`); a row takes the greater of its own excess and the mean excess of all rows that
    have one, for two or three seeds say little of their variance. Its S-th part joins the standard error, and
    every flip adds a normal draw of that variance, one per row and shared by the row's pairs. A row of one
    seed, or of seeds that all agree, adds nothing: what is said of it is said of its one model.

    Args:
        rows: The M rows, all on the same samples, of finite value.
        rng_seed: Seed of the flips and draws, nonnegative.
        streams: Number of each row's stream of normal draws, ``(M,)``, all different; its place if None.
        n_flips: Flips drawn. If there are no more than so many different ones (and no seeds to draw), each
            is taken once.

    Returns:
        p-values ``(M, M)``, symmetric, 1 on the diagonal, adjusted for the number of pairs: rejecting where
        they are at most alpha keeps the chance of any false rejection near alpha. G groups give none below
        ``2 ** (1 - G)``: fewer than six groups separate nothing at 5%.

    Raises:
        DataError: If the rows have different numbers of groups, or one is undefined.
    """
    _check(rows)
    m = len(rows)
    p = np.ones((m, m))
    if m < 2:
        return p
    a, b = np.triu_indices(m, 1)
    value, influence, mass = (
        np.array([getattr(row, name) for row in rows]) for name in ("value", "influence", "mass")
    )
    difference = value[a] - value[b]
    parts = influence[a] - influence[b] + difference[:, None] * (mass[a] + mass[b]) / 2
    noise = _seed_noise(rows)
    error = np.sqrt((parts**2).sum(1) + (noise**2)[a] + (noise**2)[b])
    # Rows that agree on everything have no error; rounding leaves some of it.
    error[error < 1e-12] = np.inf
    observed = np.abs(difference) / error

    # Ascending, so that a running maximum is the greatest over all pairs not yet decided.
    order = np.argsort(observed, kind="stable")
    threshold, a, b = observed[order] * _TIE, a[order], b[order]
    scaled = (parts[order] / error[order, None]).T
    reached, drawn = np.zeros(len(order)), 0
    complete = 2.0 ** (influence.shape[1] - 1) <= n_flips and not noise.any()
    signs = _all_flips(influence.shape[1]) if complete else _flips(influence.shape[1], n_flips, rng_seed)
    draws = _draws(noise, streams or range(m), n_flips, rng_seed)
    for block in signs:
        sums = block @ scaled
        if noise.any():
            shift = draws[drawn : drawn + len(block)]
            sums += (shift[:, a] - shift[:, b]) / error[order]
        np.abs(sums, out=sums)
        np.maximum.accumulate(sums, axis=1, out=sums)
        reached += (sums >= threshold).sum(0)
        drawn += len(block)
    # The observed signs are one of the draws, and among all flips they are there already.
    each = reached / drawn if complete else (reached + 1) / (drawn + 1)
    each = np.maximum.accumulate(each[::-1])[::-1]
    p[a, b] = p[b, a] = np.minimum(each, 1.0)
    return p


def _check(rows: Sequence[Evidence]) -> None:
    sizes = {len(row.influence) for row in rows}
    if len(sizes) > 1:
        raise DataError("rows have different groups", expected="the same number in all", found=sorted(sizes))
    if any(not np.isfinite(row.value) for row in rows):
        raise DataError("a row is undefined", where="rows", expected="finite values", found="NaN")


def _seed_noise(rows: Sequence[Evidence]) -> Array:
    """Standard deviation of each row's mean that its seeds' differences add, ``(M,)``."""
    known = [(row.seeds - 1, row.seed_variance) for row in rows if row.seed_variance is not None]
    shared = sum(df * variance for df, variance in known) / max(1, sum(df for df, _ in known))
    return np.array(
        [
            0.0 if row.seed_variance is None else np.sqrt(max(0.0, row.seed_variance, shared) / row.seeds)
            for row in rows
        ]
    )


def _all_flips(n_groups: int) -> Iterator[Array]:
    """Every pattern of signs up to the sign of the whole, in blocks ``(b, G)``."""
    numbers = np.arange(2 ** (n_groups - 1))
    for start in range(0, len(numbers), _BLOCK):
        bits = numbers[start : start + _BLOCK, None] >> np.arange(n_groups) & 1
        yield (1 - 2 * bits).astype(np.float64)


def _flips(n_groups: int, n_flips: int, rng_seed: int) -> Iterator[Array]:
    rng = np.random.default_rng((rng_seed, 2))
    for start in range(0, n_flips, _BLOCK):
        bits = rng.integers(0, 2, size=(min(_BLOCK, n_flips - start), n_groups))
        yield (1 - 2 * bits).astype(np.float64)


def _draws(noise: Array, streams: Sequence[int], n_flips: int, rng_seed: int) -> Array:
    """Normal draws of the seeds' part of every row, ``(n_flips, M)``."""
    if not noise.any():
        return np.zeros((0, len(noise)))
    # A stream per row: its draws do not depend on which other rows there are.
    drawn = [np.random.default_rng((rng_seed, 3, stream)).normal(size=n_flips) for stream in streams]
    return np.stack(drawn, axis=1) * noise
