from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from aqa_bench.core.errors import DataError
from aqa_bench.stats.evidence import Evidence, evidence
from aqa_bench.stats.separation import separation

Array = NDArray[np.float64]


def board(n_groups: int, accuracies: list[float], size: int = 3, seed: int = 0) -> tuple[Array, Array, Array]:
    """Labels, decisions of one method per accuracy, and groups of ``size`` samples."""
    rng = np.random.default_rng(seed)
    n = n_groups * size
    y = (rng.random(n) < 0.5) * 1.0
    right = rng.random((n, len(accuracies))) < np.array(accuracies)
    return y, np.where(right, y[:, None], 1 - y[:, None]), np.arange(n) // size


def rows(metric: str, y: Array, values: Array, groups: Array) -> list[Evidence]:
    return [
        evidence(metric, y, column[:, None], groups=groups.astype(np.int64), column_seeds=[0])
        for column in values.T
    ]


def test_one_pair_is_the_exact_paired_permutation_test_of_scipy() -> None:
    # Of equal groups, a group's part of a difference in accuracy is the difference of its sums.
    y, values, groups = board(10, [0.9, 0.6])
    right = values == y[:, None]
    apart = np.array([np.subtract(*right[groups == g].sum(0).tolist()) for g in range(10)], dtype=float)
    reference = stats.permutation_test((apart, np.zeros(10)), _total, permutation_type="samples")
    assert 0 < reference.pvalue < 0.2
    assert separation(rows("accuracy", y, values, groups))[0, 1] == pytest.approx(reference.pvalue)


def _total(a: Array, b: Array) -> float:
    return float((a - b).sum())


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy", "auroc"])
def test_few_groups_give_the_step_down_p_values_of_all_flips(metric: str) -> None:
    y, values, groups = board(8, [0.95, 0.7, 0.7, 0.45], seed=4)
    found = rows(metric, y, values, groups)
    pairs = list(itertools.combinations(range(4), 2))
    parts = np.array(
        [
            a.influence - b.influence + (a.value - b.value) * (a.mass + b.mass) / 2
            for a, b in ((found[i], found[j]) for i, j in pairs)
        ]
    )
    assert parts.sum(1) == pytest.approx([found[i].value - found[j].value for i, j in pairs])
    flips = np.array(list(itertools.product([1, -1], repeat=8)))
    drawn = np.abs(flips @ parts.T) / np.sqrt((parts**2).sum(1))
    # Written down as it is defined: the greatest first, each against those not yet decided.
    expected, left, before = np.ones((4, 4)), list(np.argsort(-drawn[0])), 0.0
    while left:
        p = float((drawn[:, left].max(1) >= drawn[0, left[0]] - 1e-9).mean())
        before = max(before, p)
        i, j = pairs[left.pop(0)]
        expected[i, j] = expected[j, i] = before
    assert separation(found) == pytest.approx(expected)
    assert len(np.unique(expected)) > 3


def test_drawn_flips_come_near_all_of_them() -> None:
    y, values, groups = board(12, [0.9, 0.75, 0.6], seed=2)
    found = rows("f1", y, values, groups)
    exact, drawn = separation(found), separation(found, n_flips=2047)
    assert drawn == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(2047))
    assert (drawn != exact).any()


def test_order_of_rows_does_not_matter() -> None:
    y, values, groups = board(40, [0.9, 0.8, 0.7, 0.65, 0.6])
    found = [
        replace(row, seeds=3, seed_variance=variance)
        for row, variance in zip(
            rows("f1", y, values, groups), [0.001, None, 0.002, -0.001, None], strict=True
        )
    ]
    p = separation(found, streams=range(5))
    order = [3, 0, 4, 2, 1]
    assert separation([found[i] for i in order], streams=order) == pytest.approx(p[np.ix_(order, order)])
    assert (p == p.T).all()
    assert (np.diag(p) == 1).all()


def test_more_rows_never_make_a_pair_easier() -> None:
    y, values, groups = board(10, [0.9, 0.8, 0.7, 0.5])
    found = rows("accuracy", y, values, groups)
    few, many = separation(found[:3]), separation(found)
    assert (many[:3, :3] >= few - 1e-12).all()
    assert (few >= separation(found[:2])[0, 1]).all()


def test_seeds_that_vary_take_certainty_away() -> None:
    y, values, groups = board(60, [0.85, 0.7])
    found = rows("accuracy", y, values, groups)
    p = [
        separation([replace(row, seeds=3, seed_variance=variance) for row in found])[0, 1]
        for variance in (None, 0.003, 0.03)
    ]
    assert p[0] < 0.01 < p[1] < p[2]
    # A row that shows less of it than the others takes their mean.
    one = [replace(found[0], seeds=3, seed_variance=0.06), replace(found[1], seeds=3, seed_variance=-0.01)]
    assert separation(one)[0, 1] >= p[2]


def test_normal_seeds_alone_give_the_p_value_of_a_normal() -> None:
    # Of two rows whose samples say nothing: a difference of 2.5 standard errors.
    still = Evidence(0.5, np.zeros(30), np.full(30, 1 / 30), 4, 0.04)
    p = separation([replace(still, value=0.5 + 2.5 * np.sqrt(0.02)), still], n_flips=40_000)[0, 1]
    # The difference itself is spread over groups: 30 equal parts add a thirtieth of its square.
    z = 2.5 * np.sqrt(0.02) / np.sqrt(0.02 + 2.5**2 * 0.02 / 30)
    assert p == pytest.approx(2 * stats.norm.sf(z), abs=0.004)


def test_rows_that_agree_are_never_told_apart() -> None:
    y, values, groups = board(30, [0.8, 0.8])
    twins = rows("f1", y, values[:, [0, 0, 1]], groups)
    assert separation(twins)[0, 1] == 1
    assert separation(twins[:1]).tolist() == [[1]]
    assert separation([]).shape == (0, 0)


def test_fewer_than_six_groups_separate_nothing() -> None:
    y, values, groups = board(5, [1.0, 0.0])
    assert separation(rows("accuracy", y, values, groups))[0, 1] == 1 / 16


def test_bad_rows_are_named() -> None:
    y, values, groups = board(8, [0.9, 0.6])
    a, b = rows("f1", y, values, groups)
    with pytest.raises(DataError, match="different groups"):
        separation([a, replace(b, influence=b.influence[:-1])])
    with pytest.raises(DataError, match="undefined"):
        separation([a, replace(b, value=np.nan)])


def test_equal_methods_are_rarely_told_apart() -> None:
    rng = np.random.default_rng(7)
    false = 0
    for trial in range(300):
        y, values, groups = board(15, [0.7] * 8, seed=int(rng.integers(1 << 30)))
        false += (separation(rows("f1", y, values, groups), rng_seed=trial, n_flips=399) <= 0.05).any()
    # 5% of 300, and three standard deviations more.
    assert false / 300 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
