from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aqa_bench.core.errors import RecipeError
from aqa_bench.methods.pad.pairs import PairSampler


@given(
    arrays(np.float64, st.integers(2, 30), elements=st.floats(0, 1)), st.integers(0, 2**32), st.floats(0, 179)
)
def test_pairs_are_of_one_clip_and_beyond_the_gap(elevation: np.ndarray, seed: int, gap: float) -> None:
    sampler = PairSampler([np.zeros(0), elevation, elevation[::-1]], gap=gap)
    phases = elevation * 360
    possible = bool((np.abs(phases[:, None] - phases) >= gap)[~np.eye(len(phases), dtype=bool)].any())
    assert sampler.usable.tolist() == ([1, 2] if possible else [])
    drawn = sampler.draw(sampler.usable, np.random.default_rng(seed))
    first, second = np.split(np.arange(len(drawn)), 2)
    np.testing.assert_array_equal(drawn.clips[first], drawn.clips[second])
    assert (np.abs(drawn.phases[first] - drawn.phases[second]) >= gap).all()
    assert (drawn.frames[first] != drawn.frames[second]).all()


def test_clips_that_cannot_be_used_are_counted_by_reason() -> None:
    sampler = PairSampler([np.zeros(0), np.array([0.5, 0.51]), np.array([0.0, 1.0])])
    assert sampler.dropped == {"without a usable trajectory": 1, "with no frames beyond the gap": 1}
    with pytest.raises(RecipeError, match="gap"):
        PairSampler([], gap=200)
