from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import UsageError
from aqa_bench.media.clips import half_cycle, looped, shuffled, still, strided, uniform

lengths = st.integers(1, 500)
counts = st.integers(1, 64)


@given(lengths, counts)
def test_uniform_spans_the_clip_evenly(n: int, count: int) -> None:
    indices = uniform(n, count)
    assert indices.shape == (count,)
    assert indices.dtype == np.int64
    if count > 1:
        assert (indices[0], indices[-1]) == (0, n - 1)
        assert np.abs(indices - np.linspace(0, n - 1, count)).max() <= 0.5 + 1e-9
    steps = np.diff(indices)
    assert np.ptp(steps) <= 1 if count > 1 else indices[0] == (n - 1) // 2


@given(lengths, counts, st.integers(1, 9), st.data(), st.booleans())
def test_strided_follows_the_definition(
    n: int, count: int, stride: int, data: st.DataObject, loop: bool
) -> None:
    start = data.draw(st.integers(0, n - 1))
    expected = [(start + i * stride) % n if loop else min(start + i * stride, n - 1) for i in range(count)]
    assert strided(n, count, stride, start, loop=loop).tolist() == expected


@given(lengths, counts, st.integers(1, 9))
def test_looping_plays_the_whole_clip_so_many_times(n: int, count: int, times: int) -> None:
    indices = looped(n, count, times)
    assert indices.tolist() == [int(i * times * n / count + 1e-9) % n for i in range(count)]
    assert (np.diff(looped(n, count)) >= 0).all()
    if times <= count:
        assert (np.diff(indices) < 0).sum() <= times - 1


@given(lengths, counts)
def test_controls_have_no_motion_or_no_order(n: int, count: int) -> None:
    indices = uniform(n, count)
    assert set(still(indices)) == {indices[count // 2]}
    mixed = shuffled(indices, np.random.default_rng(0))
    assert sorted(mixed) == indices.tolist()


@given(st.integers(1, 300), st.integers(2, 32), st.data())
def test_half_cycles_meet_at_the_turning_point(n: int, frames: int, data: st.DataObject) -> None:
    turn = data.draw(st.integers(0, n - 1))
    first, second = half_cycle(n, turn, frames)
    assert first.shape == second.shape == (frames,)
    assert (first[0], first[-1], second[0], second[-1]) == (0, turn, turn, n - 1)
    assert (np.diff(first) >= 0).all()
    assert (np.diff(second) >= 0).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: uniform(0, 3),
        lambda: uniform(3, 0),
        lambda: strided(3, 3, stride=0),
        lambda: strided(3, 3, start=3),
        lambda: half_cycle(9, 9),
        lambda: looped(9, 3, times=0),
        lambda: half_cycle(9, 3, frames=1),
    ],
)
def test_impossible_requests(call: object) -> None:
    with pytest.raises(UsageError):
        call()  # type: ignore[operator]
