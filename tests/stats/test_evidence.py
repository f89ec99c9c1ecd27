from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError
from aqa_bench.stats.bootstrap import point_value
from aqa_bench.stats.evidence import evidence

Array = NDArray[np.float64]


def seeds(rng: np.random.Generator, n: int, k: int, quality: float) -> tuple[Array, Array]:
    """Labels and decisions of k seeds, right with a chance that differs by ``quality`` from seed to seed."""
    y = (rng.random(n) < 0.5) * 1.0
    right = rng.random((n, k)) < 0.7 + quality * rng.normal(size=k)
    return y, np.where(right, y[:, None], 1 - y[:, None])


def test_the_value_is_the_mean_over_seeds_of_the_mean_over_columns() -> None:
    y, values = seeds(np.random.default_rng(0), 50, 5, 0.1)
    columns = [4, 4, 9, 9, 9]
    got = evidence("f1", y, values, groups=np.arange(50), column_seeds=columns)
    assert got.value == pytest.approx(point_value("f1", y, values, column_seeds=columns))
    assert got.seeds == 2
    assert got.influence.sum() == pytest.approx(0, abs=1e-12)
    assert got.mass.sum() == pytest.approx(1)


@pytest.mark.parametrize("quality", [0.0, 0.08])
def test_the_variance_between_seeds_is_that_of_their_quality(quality: float) -> None:
    rng = np.random.default_rng(3)
    found = [
        evidence("accuracy", y, values, groups=np.arange(100)).seed_variance
        for y, values in (seeds(rng, 100, 3, quality) for _ in range(400))
    ]
    # 400 estimates of two degrees of freedom: the mean is known to about 7% of the whole variance.
    assert np.mean(np.array(found, dtype=float)) == pytest.approx(quality**2, abs=0.0006)


def test_seeds_that_agree_and_single_ones_show_no_variance() -> None:
    y, values = seeds(np.random.default_rng(1), 30, 1, 0)
    assert evidence("accuracy", y, values, groups=np.arange(30)).seed_variance is None
    twice = evidence("accuracy", y, np.hstack([values, values]), groups=np.arange(30))
    assert (twice.seeds, twice.seed_variance) == (2, None)


def test_undefined_columns_are_left_out_and_nothing_else_is_undefined() -> None:
    y = np.array([1.0, 0, 1, 0])
    scores = np.array([[3.0, np.nan], [1, 1], [2, np.nan], [2, 4]])
    got = evidence("auroc", y, scores, groups=np.arange(4), column_seeds=[0, 1])
    assert (got.value, got.seeds) == (0.875, 1)
    nothing = evidence("auroc", y, scores[:, 1:], groups=np.arange(4))
    assert np.isnan([nothing.value, *nothing.influence, *nothing.mass]).all()
    assert nothing.seeds == 0
    with pytest.raises(DataError, match="column_seeds"):
        evidence("auroc", y, scores, groups=np.arange(4), column_seeds=[0])
