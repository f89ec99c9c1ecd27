"""Intervals cover the truth as often as they say, on data shaped like the benchmark's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.bootstrap import bootstrap, bootstrap_distribution, percentile_bounds
from aqa_bench.stats.evidence import evidence
from aqa_bench.stats.paired import paired_difference

Array = NDArray[np.float64]
TRIALS, RESAMPLES = 400, 200


def coverage(
    metric_id: str, truth: float, draw: Callable[[np.random.Generator], tuple[Array, Array, Array | None]]
) -> float:
    hits = 0
    for trial in range(TRIALS):
        y, values, groups = draw(np.random.default_rng((1, trial)))
        interval = bootstrap(
            metric_id, y, values[:, None], groups=groups, n_resamples=RESAMPLES, rng_seed=trial
        )
        hits += interval.low <= truth <= interval.high
    return hits / TRIALS


@pytest.mark.parametrize(("hit_rate", "false_alarm_rate"), [(0.6, 0.1), (0.8, 0.05)])
def test_f1_of_36_errors_in_244(hit_rate: float, false_alarm_rate: float) -> None:
    prevalence = 36 / 244

    def draw(rng: np.random.Generator) -> tuple[Array, Array, None]:
        y = (rng.random(244) < prevalence) * 1.0
        return y, (rng.random(244) < np.where(y == 1, hit_rate, false_alarm_rate)) * 1.0, None

    tp, flagged = prevalence * hit_rate, prevalence * hit_rate + (1 - prevalence) * false_alarm_rate
    assert 0.92 <= coverage("f1", 2 * tp / (flagged + prevalence), draw) <= 0.97


def test_spearman_of_353_scores() -> None:
    rho = 0.85

    def draw(rng: np.random.Generator) -> tuple[Array, Array, None]:
        y, noise = rng.normal(size=(2, 353))
        return y, rho * y + np.sqrt(1 - rho**2) * noise, None

    # Spearman of the bivariate normal.
    assert 0.92 <= coverage("spearman", 6 / np.pi * np.arcsin(rho / 2), draw) <= 0.97


def test_groups_that_share_their_luck() -> None:
    # 60 subjects of 4 clips: a subject's clips are judged right or wrong together in half of the cases.
    def draw(rng: np.random.Generator) -> tuple[Array, Array, Array]:
        together = np.repeat(rng.random(60) < 0.5, 4)
        right = np.where(together, np.repeat(rng.random(60) < 0.7, 4), rng.random(240) < 0.7)
        y = (rng.random(240) < 0.5) * 1.0
        return y, np.where(right, y, 1 - y), np.repeat(np.arange(60), 4).astype(np.int64)

    def ungrouped(rng: np.random.Generator) -> tuple[Array, Array, None]:
        return *draw(rng)[:2], None

    assert 0.92 <= coverage("accuracy", 0.7, draw) <= 0.97
    assert coverage("accuracy", 0.7, ungrouped) < 0.9


def test_no_difference_is_found_significant_as_rarely_as_promised() -> None:
    false_alarms = 0
    for trial in range(TRIALS):
        rng = np.random.default_rng((2, trial))
        y = (rng.random(244) < 36 / 244) * 1.0
        a, b = (rng.random((2, 244)) < np.where(y == 1, 0.6, 0.1)) * 1.0
        difference = paired_difference("f1", y, a[:, None], b[:, None], n_resamples=RESAMPLES, rng_seed=trial)
        false_alarms += difference.p <= 0.05
    assert 0.02 <= false_alarms / TRIALS <= 0.08


def test_few_groups_are_covered_by_bca_with_t_and_not_by_percentiles() -> None:
    # The shape of Pose Trainer's shoulder press: 36 clips cut from 15 recordings that share their luck.
    hits = np.zeros(2)
    for trial in range(TRIALS):
        rng = np.random.default_rng((3, trial))
        groups = np.unique(rng.integers(0, 15, 36), return_inverse=True)[1].astype(np.int64)
        y = (rng.random(36) < 0.5) * 1.0
        luck = 0.6 * rng.normal(size=15)[groups] + 0.8 * rng.normal(size=36)
        values = np.where(luck < stats.norm.ppf(0.7), y, 1 - y)[:, None]
        row = evidence("accuracy", y, values, groups=groups)
        resamples = bootstrap_distribution(
            "accuracy", y, values, groups=groups, n_resamples=600, rng_seed=trial
        )
        for i, (low, high) in enumerate(
            (
                bca_bounds(row.value, resamples, row.influence, 0.95),
                percentile_bounds(row.value, resamples, 0.95),
            )
        ):
            hits[i] += low <= 0.7 <= high
    few, percentiles = hits / TRIALS
    assert 0.92 <= few <= 0.97
    assert percentiles < 0.92


def test_48_samples_are_enough_for_an_honest_p_value() -> None:
    false_alarms = 0
    for trial in range(TRIALS):
        rng = np.random.default_rng((4, trial))
        y = (rng.random(48) < 0.35) * 1.0
        shared = rng.normal(size=48)
        a, b = ((0.8 * y + 0.7 * shared + 0.8 * rng.normal(size=48) > 0.6) * 1.0 for _ in range(2))
        difference = paired_difference(
            "f1",
            y,
            a[:, None],
            b[:, None],
            groups=rng.integers(0, 29, 48),
            n_resamples=RESAMPLES,
            rng_seed=trial,
        )
        false_alarms += difference.p <= 0.05
    assert 0.02 <= false_alarms / TRIALS <= 0.08
