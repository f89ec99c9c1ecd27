from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import UsageError
from aqa_bench.stats.fold_thresholds import tune_folds
from aqa_bench.stats.thresholds import FIXED_THRESHOLD, TUNABLE, tune_threshold

rows = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.integers(-2, 12).map(lambda i: i / 10)), max_size=60
)


@settings(max_examples=200, deadline=None)
@given(rows, st.sampled_from(TUNABLE))
def test_every_fold_gets_the_threshold_that_it_gets_alone(
    data: list[tuple[int, bool, float]], metric: str
) -> None:
    fold = np.array([f for f, _, _ in data], dtype=np.int64)
    y = np.array([float(t) for _, t, _ in data])
    scores = np.array([s for _, _, s in data], dtype=np.float64)
    tuned = tune_folds(y, scores, fold, 5, metric)
    for f in range(5):
        mine = fold == f
        mixed = len(np.unique(y[mine])) == 2
        assert tuned[f] == (tune_threshold(y[mine], scores[mine], metric).value if mixed else FIXED_THRESHOLD)


def test_an_unknown_metric_is_an_error() -> None:
    with pytest.raises(UsageError, match="f2"):
        tune_folds(np.zeros(1), np.zeros(1), np.zeros(1, dtype=np.int64), 1, "f2")
