from __future__ import annotations

import math

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.stats.floors import floor, skill
from aqa_bench.stats.metrics import METRICS, compute


@pytest.mark.parametrize("n_errors", [1, 36, 122, 243])
def test_floors_are_reached_by_constant_methods(n_errors: int) -> None:
    y = np.repeat([1.0, 0.0], [n_errors, 244 - n_errors])
    ones, zeros = np.ones_like(y), np.zeros_like(y)
    assert floor("f1", y) == pytest.approx(compute("f1", y, ones))
    assert floor("f1_good", y) == pytest.approx(compute("f1_good", y, zeros))
    assert floor("accuracy", y) == pytest.approx(max(compute("accuracy", y, d) for d in (ones, zeros)))
    for metric_id in ("balanced_accuracy", "mcc"):
        assert floor(metric_id, y) == pytest.approx(compute(metric_id, y, ones))
    for metric_id in ("ap", "auroc"):
        assert floor(metric_id, y) == pytest.approx(compute(metric_id, y, np.full_like(y, 0.3)))


def test_metrics_without_a_floor() -> None:
    without = {metric_id for metric_id in METRICS if floor(metric_id, [0, 1, 1]) is None}
    assert without == {"precision", "recall", "spearman", "r_l2", "mae"}
    assert floor("spearman", [3.5, 70.0]) is None


def test_bad_requests() -> None:
    with pytest.raises(UsageError, match="did you mean 'auroc'"):
        floor("auroq", [0, 1])
    with pytest.raises(DataError, match="empty"):
        floor("f1", [])
    with pytest.raises(DataError, match="other than 0 and 1"):
        floor("f1", [0, 3])


@pytest.mark.parametrize(
    ("score", "base", "expected"),
    [
        (1.0, 0.25, 1.0),
        (0.25, 0.25, 0.0),
        (0.625, 0.25, 0.5),
        (0.0, 0.5, -1.0),
        (0.7, None, None),
        (1.0, 1.0, None),
    ],
)
def test_skill(score: float, base: float | None, expected: float | None) -> None:
    assert skill(score, base) == expected


def test_skill_of_an_undefined_score_is_undefined() -> None:
    result = skill(math.nan, 0.5)
    assert result is not None
    assert math.isnan(result)
