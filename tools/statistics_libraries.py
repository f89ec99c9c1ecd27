"""The project's statistics beside libraries': ``python tools/statistics_libraries.py``.

It needs scikit-learn; Holm's row needs statsmodels too. Both sides get the same input, of a board's size and
drawn here. Rounds take turns in one process and are timed in CPU seconds. Printed as a Markdown table.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.bootstrap import Over, bootstrap, bootstrap_distribution, group_weights
from aqa_bench.stats.evidence import evidence
from aqa_bench.stats.metrics import compute
from aqa_bench.stats.multiple import holm
from aqa_bench.stats.separation import separation
from aqa_bench.stats.weighted import weighted_metric

Array = NDArray[np.float64]

ROUNDS, RESAMPLES, FLIPS = 3, 200, 4_000
SAMPLES, GROUPS, SEEDS, ROWS = 240, 120, 5, 26


@dataclass(frozen=True)
class Pair:
    """The same question to both; each answers with numbers and takes the seed of its draws, or ignores it."""

    question: str
    library: str
    ours: Callable[[int], ArrayLike]
    theirs: Callable[[int], ArrayLike]
    drawn: bool = False


def main() -> None:
    """Measure and print."""
    print(f"{SAMPLES} samples, {GROUPS} groups, {SEEDS} seeds; {ROUNDS} turns; load {os.getloadavg()[0]:.1f}")
    print("| question | library | ours | library's | farthest apart | error of the draws | library's time |")
    print("|---|---|---|---|--:|--:|--:|")
    for pair in _pairs():
        turns = [(_timed(pair.ours, i), _timed(pair.theirs, 100 + i)) for i in range(ROUNDS)]
        ours, theirs = (np.array([turn[side][0] for turn in turns]) for side in (0, 1))
        apart = np.abs(ours.mean(0) - theirs.mean(0)).max()
        spread = np.sqrt((ours.var(0, ddof=1) + theirs.var(0, ddof=1)) / ROUNDS).max() if pair.drawn else 0.0
        slower = statistics.median(their[1] / our[1] for our, their in turns)
        shown = " | ".join(", ".join(f"{v:.4f}" for v in side.mean(0)[:2]) for side in (ours, theirs))
        error = f"{spread:.4f}" if pair.drawn else "none"
        print(f"| {pair.question} | {pair.library} | {shown} | {apart:.2g} | {error} | {slower:.2g} x |")


def _timed(ask: Callable[[int], ArrayLike], seed: int) -> tuple[Array, float]:
    """The answer and its CPU seconds, over as many calls as fill a twentieth of a second."""
    start, calls = time.process_time(), 0
    while calls == 0 or time.process_time() - start < 0.05:
        answer, calls = ask(seed), calls + 1
    return np.ravel(answer), (time.process_time() - start) / calls


def _pairs() -> list[Pair]:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(GROUPS), SAMPLES // GROUPS)
    y = rng.permutation(np.arange(SAMPLES) % 3 == 0).astype(float)
    skills = np.linspace(0.8, 1.2, ROWS)
    rows = skills[:, None, None] * y[:, None] + rng.normal(size=(ROWS, SAMPLES, SEEDS))
    table = rows[-1]
    one, said = table[:, :1], (table > 0.6).astype(float)
    weights = group_weights(groups, RESAMPLES, rng)
    members = groups == np.arange(GROUPS)[:, None]
    p_values = rng.uniform(size=40) ** 4

    def loop(metric: Callable[..., float], columns: Array) -> Array:
        return np.array([[metric(y, c, sample_weight=w) for c in columns.T] for w in weights])

    def ours(seed: int, columns: Array, over: Over) -> Array:
        found = bootstrap("auroc", y, columns, groups=groups, over=over, n_resamples=RESAMPLES, rng_seed=seed)
        return np.array([found.low, found.high])

    def our_bca(seed: int) -> Array:
        options: dict[str, Any] = {"groups": groups, "n_resamples": RESAMPLES, "rng_seed": seed}
        row = evidence("auroc", y, one, groups=groups)
        drawn = bootstrap_distribution("auroc", y, one, **options)
        return np.array(bca_bounds(row.value, drawn, row.influence, 0.95))

    def auroc(drawn: Array, seeds: Array) -> float:
        chosen = np.concatenate([np.flatnonzero(members[g]) for g in drawn])
        return float(np.mean([roc_auc_score(y[chosen], table[chosen, s]) for s in seeds]))

    def our_auroc(drawn: Array, axis: int) -> Array:
        counts = np.apply_along_axis(np.bincount, axis, np.atleast_2d(drawn), minlength=GROUPS)
        return weighted_metric("auroc", y, one, counts[:, groups])[:, 0].reshape(drawn.shape[:-1])

    def theirs(seed: int, units: tuple[int, ...], statistic: Callable[..., Any], **options: Any) -> Array:
        found = stats.bootstrap(
            tuple(map(np.arange, units)),
            statistic,
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(seed),
            **{"method": "percentile", **options},
        )
        return np.array(found.confidence_interval)

    # One seed: then nothing but signs of groups is drawn, as SciPy can.
    single = [evidence("auroc", y, row[:, :1], groups=groups) for row in rows]
    a, b = np.triu_indices(ROWS, 1)
    value, influence, mass = (
        np.array([getattr(r, n) for r in single]) for n in ("value", "influence", "mass")
    )
    parts = influence[a] - influence[b] + (value[a] - value[b])[:, None] * (mass[a] + mass[b]) / 2
    parts /= np.sqrt((parts**2).sum(1, keepdims=True))
    near = int(np.argmin(np.abs(np.abs(parts.sum(1)) - 2)))
    pair = [single[a[near]], single[b[near]]]

    def flipped(seed: int, sample: Array, statistic: Callable[..., Array], **options: Any) -> Array:
        rng = np.random.default_rng(seed)
        how = {"permutation_type": "samples", "vectorized": True, "n_resamples": FLIPS, "rng": rng}
        return np.array([stats.permutation_test((sample,), statistic, **how, **options).pvalue])

    def greatest(signs: Array, axis: int) -> Array:
        return np.asarray(np.abs(signs @ parts.T).max(axis))

    sk, boot, flip = "sklearn.metrics", "scipy.stats.bootstrap", "scipy.stats.permutation_test"
    many, signs = f"{RESAMPLES:,} resamples of {SEEDS} columns", np.ones(GROUPS)
    lone = (GROUPS,)
    pairs = [
        Pair(
            "AP, once",
            sk,
            lambda _: np.array([compute("ap", y, table[:, 0])]),
            lambda _: np.array([average_precision_score(y, table[:, 0])]),
        ),
        Pair(
            f"F1, {many}",
            f"{sk} in a loop",
            lambda _: weighted_metric("f1", y, said, weights),
            lambda _: loop(f1_score, said),
        ),
        Pair(
            f"AUROC, {many}",
            f"{sk} in a loop",
            lambda _: weighted_metric("auroc", y, table, weights),
            lambda _: loop(roc_auc_score, table),
        ),
        Pair(
            "interval over groups",
            f"{boot}, {sk}",
            lambda i: ours(i, one, "groups"),
            lambda i: theirs(i, lone, lambda g: auroc(g, [0]), vectorized=False),
            drawn=True,
        ),
        Pair(
            "interval over groups",
            f"{boot}, our metric",
            lambda i: ours(i, one, "groups"),
            lambda i: theirs(i, lone, our_auroc, vectorized=True),
            drawn=True,
        ),
        Pair(
            "interval over groups and seeds",
            f"{boot}, {sk}",
            lambda i: ours(i, table, "both"),
            lambda i: theirs(i, (GROUPS, SEEDS), auroc, vectorized=False),
            drawn=True,
        ),
        Pair(
            "BCa over groups",
            f"{boot}, our metric",
            our_bca,
            lambda i: theirs(i, lone, our_auroc, vectorized=True, method="BCa"),
            drawn=True,
        ),
        Pair(
            "sign flips of one pair",
            flip,
            lambda i: separation(pair, rng_seed=i, n_flips=FLIPS)[0, 1],
            lambda i: flipped(i, parts[near], np.sum),
            drawn=True,
        ),
        Pair(
            f"greatest of {len(a)} pairs",
            flip,
            lambda i: separation(single, rng_seed=i, n_flips=FLIPS).min(),
            lambda i: flipped(i, signs, greatest, alternative="greater"),
            drawn=True,
        ),
    ]
    try:
        from statsmodels.stats.multitest import multipletests
    except ImportError:
        return pairs
    holms = Pair(
        "Holm, 40 p-values",
        "statsmodels multipletests",
        lambda _: holm(p_values),
        lambda _: multipletests(p_values, method="holm")[1],
    )
    return [*pairs, holms]


if __name__ == "__main__":
    main()
