"""Own scores minus another row's, or minus the floor, on the same samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aqa_bench.boards.row_scores import BoardInputs, RowScores
from aqa_bench.core.errors import UsageError
from aqa_bench.core.seeds import data_seed
from aqa_bench.stats import scoring
from aqa_bench.stats.floors import floor
from aqa_bench.stats.paired import Difference, paired_difference

__all__ = ["Comparison", "compare_with", "compare_with_floor"]

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Comparison:
    """A paired difference, first minus second, in units of the metric.

    Attributes:
        against: What was taken off.
        value: The difference; None where either side is undefined.
        low: Lower end of its 95% interval.
        high: Upper end.
        p: Two-sided p-value of "no difference".
        samples: Samples that both scored.
    """

    against: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    samples: int


def compare_with(inputs: BoardInputs, own: RowScores, other: RowScores, against: str) -> Comparison:
    """Compare two rows, as ``aqa-bench compare`` compares two runs.

    Args:
        inputs: What rows of the board have in common.
        own: The first row.
        other: The second.
        against: Name of the second.

    Raises:
        UsageError: The two have no scored samples in common.
    """
    places = {name: place for place, name in enumerate(other.scores.ids)}
    shared = [place for place, name in enumerate(own.scores.ids) if name in places]
    if not shared:
        raise UsageError(
            "The two have no scored samples in common.", where=against, expected="samples of the same scheme"
        )
    theirs = [places[own.scores.ids[place]] for place in shared]
    return _comparison(inputs, own, shared, other.values[theirs], other.seeds, against)


def compare_with_floor(inputs: BoardInputs, own: RowScores) -> Comparison | None:
    """Compare a row with the decisions behind the floor; None for metrics without one.

    Those are: always error for F1 and balanced accuracy, the majority for accuracy, always good for F1 of
    good, one score for all for what ranks.
    """
    metric = inputs.primary
    if floor(metric, own.scores.targets) is None:
        return None
    tested = ~np.isnan(own.values)
    answer = np.ones(own.values.shape[1])
    if metric == "f1_good":
        answer[:] = 0.0
    elif metric == "accuracy":
        shares = [own.scores.targets[column].mean() for column in tested.T]
        answer = (np.array(shares) >= 0.5).astype(np.float64)
    values = np.where(tested, answer, np.nan)
    return _comparison(inputs, own, list(range(len(values))), values, own.seeds, "the floor")


def _comparison(
    inputs: BoardInputs,
    own: RowScores,
    rows: list[int],
    values: Matrix,
    seeds: np.ndarray[tuple[int], np.dtype[np.int64]],
    against: str,
) -> Comparison:
    found = paired_difference(
        inputs.primary,
        own.scores.targets[rows],
        own.values[rows],
        values,
        groups=own.scores.groups[rows],
        column_seeds_a=own.seeds,
        column_seeds_b=seeds,
        n_resamples=scoring.N_RESAMPLES,
        rng_seed=data_seed(inputs.dataset, "bootstrap"),
        train_range=inputs.train_range,
    )
    value, low, high, p = _finite(found)
    return Comparison(against, value, low, high, p, len(rows))


def _finite(found: Difference) -> list[float | None]:
    numbers = (found.value, found.low, found.high, found.p)
    return [float(number) if np.isfinite(number) else None for number in numbers]
