from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.stats.multiple import holm

p_lists = st.lists(st.floats(0, 1), max_size=12)


def test_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; the last is raised to 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.2]) == pytest.approx([0.2])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]).shape == (0,)


@settings(max_examples=60, deadline=None)
@given(p_lists)
def test_between_the_raw_values_and_bonferroni_and_in_their_order(p: list[float]) -> None:
    raw, adjusted = np.array(p), holm(p)
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, len(p) * raw)).all()
    order = np.argsort(raw)
    assert (np.diff(adjusted[order]) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(p_lists, st.floats(0.001, 0.999))
def test_rejects_what_the_step_down_procedure_rejects(p: list[float], alpha: float) -> None:
    rejected = set()
    for step, i in enumerate(np.argsort(p, kind="stable")):
        if (len(p) - step) * p[i] > alpha:
            break
        rejected.add(int(i))
    assert set(np.flatnonzero(holm(p) <= alpha).tolist()) == rejected


@pytest.mark.parametrize("p", [[0.1, math.nan], [0.1, -0.1], [1.5]])
def test_not_p_values(p: list[float]) -> None:
    with pytest.raises(DataError, match="p_values"):
        holm(p)
