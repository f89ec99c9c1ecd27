from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.coach.repetitions import cut

FPS = 20.0


def bump(seconds: float = 2.0, height: float = 1.0) -> np.ndarray:
    count = round(seconds * FPS)
    return height * (1 - np.cos(np.linspace(0, 2 * np.pi, count))) / 2


def rest(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * FPS))


def test_pauses_at_rest_belong_to_no_repetition() -> None:
    effort = np.concatenate([rest(2), bump(), rest(3), bump(), rest(2)])
    first, second = cut(effort, FPS, 0.3)
    assert first.complete
    assert second.complete
    assert 40 <= first.start < first.turn < first.end <= 80
    assert 140 <= second.start < second.turn < second.end <= 180
    assert abs(first.turn - 60) <= 1


def test_a_pause_at_the_turn_is_part_of_the_repetition() -> None:
    up, down = bump()[:20], bump()[20:]
    held = 1 + 0.02 * np.sin(np.arange(60))
    (found,) = cut(np.concatenate([rest(1), up, held, down, rest(1)]), FPS, 0.3)
    assert found.complete
    assert found.end - found.start >= 85


def test_what_the_clip_cuts_off_is_partial() -> None:
    effort = np.concatenate([bump()[20:], rest(1), bump(), rest(1), bump(), rest(1), bump()[:18]])
    found = cut(effort, FPS, 0.3)
    assert [each.complete for each in found] == [False, True, True, False]
    assert found[0].start == 0
    assert found[-1].end == len(effort) - 1


def test_a_half_hearted_one_is_partial() -> None:
    effort = np.concatenate([rest(1), bump(), bump(height=0.42), bump(), rest(1)])
    assert [each.complete for each in cut(effort, FPS, 0.3)] == [True, False, True]


def test_small_movements_are_none() -> None:
    assert cut(np.concatenate([bump(height=0.1)] * 3), FPS, 0.3) == []
    assert cut(np.zeros(50), FPS, 0.3) == []
    assert cut(np.linspace(0, 0.2, 50), FPS, 0.3) == []


def test_gaps_are_bridged_and_too_many_are_not() -> None:
    effort = np.concatenate([rest(1), bump(), rest(1)])
    some = effort.copy()
    some[::3] = np.nan
    assert [each.turn for each in cut(some, FPS, 0.3)] == pytest.approx(
        [cut(effort, FPS, 0.3)[0].turn], abs=2
    )
    some[:60] = np.nan
    assert cut(some, FPS, 0.3) == []


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 6),
    seconds=st.floats(1.2, 3.5),
    pause=st.floats(0.3, 1.5),
    seed=st.integers(0, 10**6),
    noise=st.floats(0, 0.04),
)
def test_every_repetition_is_found_at_any_tempo_under_noise(
    count: int, seconds: float, pause: float, seed: int, noise: float
) -> None:
    parts = [rest(pause)]
    for _ in range(count):
        parts += [bump(seconds), rest(pause)]
    effort = np.concatenate(parts)
    effort = effort + noise * np.random.default_rng(seed).standard_normal(len(effort))
    found = cut(effort, FPS, 0.3)
    assert [each.complete for each in found] == [True] * count
    turns = pause * FPS + seconds * FPS / 2 + np.arange(count) * (seconds + pause) * FPS
    np.testing.assert_allclose([each.turn for each in found], turns, atol=6)
    for before, after in pairwise(found):
        assert before.end <= after.start
