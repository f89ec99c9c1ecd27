"""One comparison: the difference of two rows, its interval and its p-value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from aqa_bench.boards.assemble import board_inputs
from aqa_bench.boards.claims.model import Claim, Pair
from aqa_bench.boards.claims.result import Measured, Side
from aqa_bench.boards.claims.rows import Row
from aqa_bench.boards.receipts import standing_of
from aqa_bench.boards.row_scores import BoardInputs, RowScores, run_files, score_row
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.seeds import data_seed
from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.evidence import Evidence
from aqa_bench.stats.metrics import METRICS
from aqa_bench.stats.paired import paired_difference
from aqa_bench.stats.scoring import N_RESAMPLES
from aqa_bench.stats.separation import separation

__all__ = ["LEVEL", "Scorer", "equivalence_p"]

LEVEL = 0.95
"""Coverage of the intervals."""
_DIGITS = 6
_SMALLEST_P = 2 / (N_RESAMPLES + 1)


class Scorer:
    """Scores rows, each once.

    Args:
        datasets: The datasets that runs are of, by id.
    """

    def __init__(self, datasets: Mapping[str, Dataset]) -> None:
        self._datasets = datasets
        self._inputs: dict[tuple[str, str, str], BoardInputs] = {}
        self._scored: dict[tuple[str, str, str, tuple[str, ...]], RowScores] = {}

    def measure(self, claim: Claim, pair: Pair, rows: tuple[Row, Row], printed: float | None) -> Measured:
        """Compare two rows.

        Args:
            claim: What the comparison belongs to.
            pair: The comparison.
            rows: The rows of its better and its worse side; the worse one empty where it is printed.
            printed: The printed value of the worse side, or None.

        Raises:
            DataError: The boards are ranked by another metric, predictions cannot be read, or the rows share
                no sample.
        """
        scores = [self._score(claim, pair, row) if row else None for row in rows]
        better, worse = scores
        if better is None:
            raise DataError("A printed value cannot be on the claimed better side.", where=claim.id)
        if worse is None or pair.better_on:
            value, low, high, p = _unpaired(rows[0][0].record.dataset, better, worse, printed)
            samples = len(better.scores.ids)
        else:
            value, low, high, p, samples = _paired(rows[1][0].record.dataset, claim.metric, better, worse)
        if not METRICS[claim.metric].higher_is_better:
            value, low, high = -value, -high, -low
        defined = math.isfinite(value) and math.isfinite(p)
        margin = claim.equivalent_within
        if margin is not None and defined:
            holds, p = abs(value) < margin, equivalence_p(value, low, high, margin)
        else:
            holds = value > 0
        # Of equal values neither is better, whatever the resamples say.
        undecided = not defined or (margin is None and value == 0)
        return Measured(
            task=pair.task,
            better=_side(pair.better, rows[0], better, None),
            worse=_side(pair.worse, rows[1], worse, printed),
            effect=_rounded(value),
            low=_rounded(low),
            high=_rounded(high),
            p=1.0 if undecided else round(p, _DIGITS),
            holds=holds and defined,
            samples=samples,
        )

    def _score(self, claim: Claim, pair: Pair, row: Row) -> RowScores:
        record = row[0].record
        place = record.dataset, pair.task, record.scheme
        key = (*place, tuple(run.record.run_id for run in row))
        if key not in self._scored:
            if place not in self._inputs:
                dataset = self._datasets[record.dataset]
                task, scheme = dataset.card.task(pair.task), dataset.card.scheme(record.scheme)
                self._inputs[place] = board_inputs(dataset, task, scheme)
            board = self._inputs[place]
            if board.primary != claim.metric:
                raise DataError(
                    "A claim is tested on the metric that ranks a board.",
                    where=f"claim {claim.id}, {record.dataset} {pair.task} {record.scheme}",
                    expected=board.primary,
                    found=claim.metric,
                )
            files = [run_files(run) for run in row]
            stream = data_seed(record.dataset, record.method, record.recipe) % (1 << 31)
            self._scored[key] = score_row(board, files, stream)
        return self._scored[key]


def equivalence_p(effect: float, low: float, high: float, margin: float) -> float:
    """Twice the one-sided p of "as far apart as the margin", from the width of a 95% interval.

    Args:
        effect: The difference.
        low: Lower end of its interval.
        high: Upper end.
        margin: The greatest difference that is alike.

    Returns:
        Near 0 where the difference is clearly within the margin or clearly beyond it; as from resamples,
        never below 2 / (:data:`N_RESAMPLES` + 1).
    """
    error = (high - low) / (2 * norm.ppf((1 + LEVEL) / 2))
    away = abs(abs(effect) - margin)
    if not error > 0:
        return 1.0 if away == 0 else _SMALLEST_P
    return float(min(1.0, max(_SMALLEST_P, 2 * norm.sf(away / error))))


def _paired(dataset: str, metric: str, a: RowScores, b: RowScores) -> tuple[float, float, float, float, int]:
    shared = sorted(set(a.scores.ids) & set(b.scores.ids))
    if not shared:
        raise DataError(
            "Two rows of one board have no samples in common.",
            where=dataset,
            expected="common samples",
            found="none",
        )
    rows_a, rows_b = ([s.scores.ids.index(i) for i in shared] for s in (a, b))
    difference = paired_difference(
        metric,
        a.scores.targets[rows_a],
        a.values[rows_a],
        b.values[rows_b],
        groups=a.scores.groups[rows_a],
        column_seeds_a=a.seeds,
        column_seeds_b=b.seeds,
        over="both",
        n_resamples=N_RESAMPLES,
        rng_seed=data_seed(dataset, "bootstrap"),
        level=LEVEL,
    )
    return difference.value, difference.low, difference.high, difference.p, len(shared)


def _unpaired(
    dataset: str, a: RowScores, b: RowScores | None, printed: float | None
) -> tuple[float, float, float, float]:
    """Rows on other samples, whose groups are no one's but their own, or a row against a printed value."""
    if b is None:
        exact = 0.0 if printed is None else printed
        still = replace(a.evidence, value=exact, influence=np.zeros_like(a.evidence.influence))
        rows = (a.evidence, replace(still, seeds=1, seed_variance=None))
        resampled = a.distribution - exact
    else:
        rows = _side_by_side(a.evidence, b.evidence)
        resampled = a.distribution - b.distribution
    value = rows[0].value - rows[1].value
    if not math.isfinite(value):
        return value, math.nan, math.nan, math.nan
    low, high = bca_bounds(value, resampled, rows[0].influence - rows[1].influence, LEVEL)
    seed = data_seed(dataset, "bootstrap")
    return value, low, high, float(separation(rows, rng_seed=seed, n_flips=N_RESAMPLES)[0, 1])


def _side_by_side(a: Evidence, b: Evidence) -> tuple[Evidence, Evidence]:
    """The same evidence over the groups of both: each has no part in the other's."""

    def longer(of: Evidence, before: int, after: int) -> Evidence:
        influence, mass = (np.pad(part, (before, after)) for part in (of.influence, of.mass))
        return replace(of, influence=influence, mass=mass)

    return longer(a, 0, len(b.influence)), longer(b, len(a.influence), 0)


def _side(name: str, row: Row, scores: RowScores | None, printed: float | None) -> Side:
    if scores is None:
        return Side(
            name=name, dataset="", method="", recipe="", value=printed, seeds=0, runs=(), standing=None
        )
    record = row[0].record
    return Side(
        name=name,
        dataset=record.dataset,
        method=record.method,
        recipe=record.recipe,
        value=_rounded(scores.value),
        seeds=len({run.record.seed for run in row}),
        runs=tuple(sorted(run.record.run_id for run in row)),
        standing=standing_of(row)[0],
    )


def _rounded(value: float) -> float | None:
    return round(float(value), _DIGITS) if np.isfinite(value) else None
