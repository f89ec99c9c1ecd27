from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.influence import contributions
from aqa_bench.stats.metrics import METRICS, MetricKind, compute
from aqa_bench.stats.weighted import weighted_metric

Array = NDArray[np.float64]
N = 40


def example(metric: str) -> tuple[Array, Array]:
    """Targets and three columns with ties, one sample in eight untested by the last."""
    rng = np.random.default_rng(len(metric))
    y = (rng.random(N) < 0.4) * 1.0
    scores = np.round(rng.normal(size=(N, 3)) + y[:, None], 1)
    if METRICS[metric].kind is MetricKind.REGRESSION:
        y = np.round(rng.normal(size=N), 1)
    if METRICS[metric].kind is MetricKind.DECISION:
        scores = (scores > 0.5) * 1.0
    scores[::8, 2] = np.nan
    return y, scores


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_influence_is_the_derivative_by_the_weight_of_a_group(metric: str) -> None:
    y, scores = example(metric)
    groups = np.arange(N) % 11
    got = contributions(metric, y, scores, groups, train_range=(0, 1))
    step = 1e-5 * np.eye(11)[:, groups]
    up, down = (weighted_metric(metric, y, scores, 1 + sign * step, train_range=(0, 1)) for sign in (1, -1))
    assert got.influence == pytest.approx((up - down).T / 2e-5, abs=1e-6)
    assert got.influence.sum(1) == pytest.approx(0, abs=1e-9)
    assert got.mass.sum(1) == pytest.approx(1)
    for k, column in enumerate(scores.T):
        there = ~np.isnan(column)
        value = compute(metric, y[there], column[there], train_range=(0, 1))
        assert got.value[k] == pytest.approx(value)


def test_f1_and_accuracy_by_hand() -> None:
    y, decided = [1, 1, 0, 0, 0], [[1.0], [0], [1], [0], [0]]
    groups = np.arange(5)
    f1 = contributions("f1", y, decided, groups)
    # F1 = 2 TP / (decisions + errors) = 2 / 4.
    assert f1.mass[0].tolist() == [0.5, 0.25, 0.25, 0, 0]
    assert (f1.influence + 0.5 * f1.mass)[0].tolist() == [0.5, 0, 0, 0, 0]
    accuracy = contributions("accuracy", y, decided, groups)
    assert (accuracy.influence + 0.6 * accuracy.mass)[0] == pytest.approx([0.2, 0, 0, 0.2, 0.2])


def test_auroc_has_the_variance_of_delong() -> None:
    y, scores = example("auroc")
    a, b = scores[:, 0], scores[:, 1]
    # DeLong, DeLong and Clarke-Pearson: covariances of the placements, by all comparisons of two samples.
    placed = []
    for column in (a, b):
        wins = np.sign(column[y == 1][:, None] - column[y == 0]) / 2 + 0.5
        placed.append((wins.mean(1), wins.mean(0)))
    (pos_a, neg_a), (pos_b, neg_b) = placed
    m, n = len(pos_a), len(neg_a)
    expected = (pos_a - pos_b).var(ddof=1) / m + (neg_a - neg_b).var(ddof=1) / n
    got = contributions("auroc", y, np.stack([a, b], 1), np.arange(N))
    apart = (got.influence[0] - got.influence[1]) ** 2
    assert apart[y == 1].sum() * m / (m - 1) + apart[y == 0].sum() * n / (n - 1) == pytest.approx(expected)


def test_samples_that_no_column_tested_weigh_nothing() -> None:
    y, scores = example("f1")
    got = contributions("f1", y, scores, np.arange(N))
    assert (got.influence[2, ::8] == 0).all()
    assert (got.mass[2, ::8] == 0).all()


@pytest.mark.parametrize(("metric", "y"), [("f1", [0, 0]), ("auroc", [1, 1]), ("spearman", [2, 2])])
def test_an_undefined_metric_has_no_contributions(metric: str, y: list[int]) -> None:
    got = contributions(metric, y, [[0.0], [0.0]], np.arange(2))
    assert np.isnan(got.value).all()
    assert np.isnan(got.influence).all()
    assert np.isnan(got.mass).all()


def test_shapes_have_to_fit() -> None:
    with pytest.raises(DataError, match="differ in length"):
        contributions("f1", [0, 1], [[0.0], [1.0]], np.arange(3))
