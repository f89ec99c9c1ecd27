from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from aqa_bench.boards.claims.measure import _side_by_side
from aqa_bench.stats.evidence import Evidence, evidence
from aqa_bench.stats.separation import separation


def of_correct(correct: np.ndarray) -> Evidence:
    """Accuracy of decisions on samples that are groups of their own."""
    targets = np.arange(len(correct)) % 2
    decisions = np.where(correct, targets, 1 - targets)
    return evidence("accuracy", targets, decisions[:, None], groups=np.arange(len(correct)))


@pytest.mark.parametrize(("share", "other"), [(0.7, 0.7), (0.7, 0.55), (0.8, 0.6)])
def test_rows_on_other_samples_are_compared_as_welch_compares_them(share: float, other: float) -> None:
    a, b = np.arange(120) < share * 120, np.arange(90) < other * 90
    rows = _side_by_side(of_correct(a), of_correct(b))
    assert rows[0].value - rows[1].value == pytest.approx(a.mean() - b.mean())
    assert len(rows[0].influence) == len(rows[1].influence) == 210
    assert rows[0].mass.sum() == pytest.approx(1)
    p = float(separation(rows, n_flips=10_000)[0, 1])
    assert p == pytest.approx(ttest_ind(a, b, equal_var=False).pvalue, abs=0.02)
