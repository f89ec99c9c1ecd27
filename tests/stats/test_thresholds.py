from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.stats.metrics import compute
from aqa_bench.stats.thresholds import FIXED_THRESHOLD, TUNABLE, tune_threshold

labelled = st.lists(
    st.tuples(st.booleans(), st.integers(-2, 12).map(lambda i: i / 10)), min_size=1, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(labelled, st.sampled_from(TUNABLE))
def test_no_threshold_does_better(data: list[tuple[bool, float]], metric: str) -> None:
    y = np.array([float(a) for a, _ in data])
    scores = np.array([b for _, b in data])
    tuned = tune_threshold(y, scores, metric)
    candidates = np.concatenate([np.unique(scores), [np.nextafter(scores.max(), np.inf), scores.min() - 1]])
    reached = [compute(metric, y, (scores >= t).astype(float)) for t in candidates]
    if math.isnan(tuned.score):
        assert tuned.value == FIXED_THRESHOLD
        assert len({r for r in reached if not math.isnan(r)}) <= 1
        return
    assert tuned.score == pytest.approx(np.nanmax(reached), abs=1e-12)
    assert compute(metric, y, (scores >= tuned.value).astype(float)) == pytest.approx(tuned.score, abs=1e-12)
    assert min(0.0, scores.min()) <= tuned.value <= max(1.0, np.nextafter(scores.max(), np.inf))


@settings(max_examples=60, deadline=None)
@given(labelled, st.sampled_from(TUNABLE))
def test_order_of_the_samples_does_not_matter(data: list[tuple[bool, float]], metric: str) -> None:
    y, scores = zip(*data, strict=True)
    forward, backward = tune_threshold(y, scores, metric), tune_threshold(y[::-1], scores[::-1], metric)
    assert forward == backward or math.isnan(forward.score)


@pytest.mark.parametrize(
    ("y", "scores", "metric", "value", "score"),
    [
        ([0, 0, 1, 1], [0.1, 0.3, 0.4, 0.9], "f1", 0.35, 1.0),
        # Two cuts of equal accuracy 3/4, (0.1, 0.2] and (0.3, 0.7]: the wider wins.
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.7], "accuracy", 0.5, 0.75),
        # Equally wide: the lower wins.
        ([0, 1, 0, 1], [0.0, 0.25, 0.5, 0.75], "accuracy", 0.125, 0.75),
        # 0.4 - 0.3 exceeds 0.2 - 0.1 by rounding alone: still equally wide.
        ([0, 1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4, 1.0], "accuracy", 0.15, 0.6),
        # The pair tied at 0.4 does not change the accuracy: one plateau from 0.2 to 0.8.
        ([0, 0, 1, 1], [0.2, 0.4, 0.4, 0.8], "accuracy", 0.5, 0.75),
        # Everything an error: from 0 to the smallest score.
        ([1, 1, 1], [0.4, 0.6, 0.8], "f1", 0.2, 1.0),
        # Nothing an error: from the greatest score to 1.
        ([0, 0, 0], [0.2, 0.4, 0.6], "accuracy", 0.8, 1.0),
        # Beyond [0, 1] the plateaus end at the scores.
        ([1, 1], [-3.0, -2.0], "f1", -3.0, 1.0),
        ([0, 0], [1.0, 5.0], "accuracy", np.nextafter(5.0, 6.0), 1.0),
        # A single sample.
        ([1], [0.6], "f1", 0.3, 1.0),
    ],
)
def test_the_middle_of_the_plateau(
    y: list[int], scores: list[float], metric: str, value: float, score: float
) -> None:
    tuned = tune_threshold(y, scores, metric)
    assert tuned.value == pytest.approx(value, abs=1e-15)
    assert (tuned.score, tuned.metric) == (score, metric)


def test_adjacent_floats_are_still_told_apart() -> None:
    low = 0.3
    high = float(np.nextafter(low, 1.0))
    assert tune_threshold([0, 1], [low, high]).value == high


@pytest.mark.parametrize(
    ("y", "metric"), [([0, 0], "f1"), ([0, 0], "balanced_accuracy"), ([1, 1], "balanced_accuracy")]
)
def test_labels_that_cannot_tell_fall_back_to_the_fixed_threshold(y: list[int], metric: str) -> None:
    tuned = tune_threshold(y, [0.1, 0.2], metric)
    assert tuned.value == FIXED_THRESHOLD
    assert math.isnan(tuned.score)


def test_bad_requests() -> None:
    with pytest.raises(UsageError, match="tune a threshold"):
        tune_threshold([0, 1], [0.1, 0.2], "auroc")
    with pytest.raises(DataError, match="1 of 2, the first at index 1"):
        tune_threshold([0, 1], [0.1, math.nan])
