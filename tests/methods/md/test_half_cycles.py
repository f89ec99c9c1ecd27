from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from aqa_bench.core.sample import Sample, Trajectory
from aqa_bench.datasets.synthetic_gym.clip import make_clip
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.media.trajectory import from_heights
from aqa_bench.methods.md.half_cycles import HalfCycleTriplets

from ...learn.conftest import DrawnClip

SPEC = FrameSpec(None, 16, None)


@dataclass
class Lift(DrawnClip):
    """A clip whose bar is at given heights."""

    heights: tuple[float, ...] = ()
    starts: str = "high"

    def trajectory(self) -> Trajectory:
        return from_heights(self.heights, starts=self.starts)


def lift(seed: int, heights: np.ndarray, starts: str = "high") -> Sample:
    media = Lift(seed, len(heights), heights=tuple(heights.tolist()), starts=starts)
    return Sample(str(seed), str(seed), media)


def parabola(length: int, turn: int) -> np.ndarray:
    times = np.arange(length)
    return np.where(times < turn, turn - times, (times - turn) * turn / (length - 1 - turn)).astype(float)


@pytest.fixture
def sampler() -> HalfCycleTriplets:
    pool = FrameIndex([lift(i, parabola(30 + i, 12 + i)) for i in range(6)], SPEC)
    return HalfCycleTriplets(pool, frames=8, max_shift=0)


def test_anchor_and_positive_are_one_half_and_the_negative_the_other(sampler: HalfCycleTriplets) -> None:
    draw = sampler.draw(sampler.usable, np.random.default_rng(0))
    assert draw.labels.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert draw.clips.tolist() == [*range(6)] * 3
    anchor, positive, negative = np.split(draw.frames, 3)
    np.testing.assert_array_equal(anchor, positive)
    for clip in range(6):
        turn = sampler.halves(clip)[0][-1]
        assert sorted(anchor[clip]) == sorted(sampler.halves(clip)[0])
        assert sorted(negative[clip]) == sorted(sampler.halves(clip)[1])
        assert anchor[clip].max() == turn == negative[clip].min()


def test_exactly_one_side_runs_backwards_by_chance(sampler: HalfCycleTriplets) -> None:
    rng, sides = np.random.default_rng(0), []
    for _ in range(50):
        anchor, _, negative = np.split(sampler.draw(sampler.usable, rng).frames, 3)
        back = (np.diff(anchor, axis=1) <= 0).all(axis=1)
        assert ((np.diff(negative, axis=1) <= 0).all(axis=1) == ~back).all()
        sides += back.tolist()
    assert 0.4 < np.mean(sides) < 0.6


def test_without_reversal_time_runs_on() -> None:
    pool = FrameIndex([lift(i, parabola(30, 12)) for i in range(2)], SPEC)
    sampler = HalfCycleTriplets(pool, frames=8, max_shift=0, reversal=False)
    assert (np.diff(sampler.draw(sampler.usable, np.random.default_rng(1)).frames, axis=1) > 0).all()


def test_shifts_are_small_independent_and_stay_within_the_clip() -> None:
    pool = FrameIndex([lift(i, parabola(30, 12)) for i in range(40)], SPEC)
    rng = np.random.default_rng(2)
    still = HalfCycleTriplets(pool, frames=8, max_shift=0, reversal=False).draw(np.arange(40), rng)
    moved = HalfCycleTriplets(pool, frames=8, max_shift=3, reversal=False).draw(np.arange(40), rng)
    shifts = moved.frames - still.frames
    assert np.abs(shifts).max() == 3
    assert moved.frames.min() == 0
    assert moved.frames.max() == 29
    anchor, positive, negative = np.split(shifts[:, 4], 3)
    assert len({*zip(anchor.tolist(), positive.tolist(), negative.tolist(), strict=True)}) > 20


def test_clips_without_two_halves_are_left_out() -> None:
    pool = FrameIndex([lift(0, parabola(30, 12)), lift(1, parabola(30, 4)), lift(2, np.ones(30))], SPEC)
    sampler = HalfCycleTriplets(pool)
    assert sampler.usable.tolist() == [0]
    assert sum(sampler.dropped.values()) == 2


def test_thinned_pools_have_the_nearest_frames() -> None:
    pool = FrameIndex([lift(0, parabola(61, 30)), lift(1, parabola(61, 24))], FrameSpec(31, 16, None))
    sampler = HalfCycleTriplets(pool, frames=16)
    first, second = sampler.halves(0)
    np.testing.assert_array_equal(first, np.arange(16))
    np.testing.assert_array_equal(second, np.arange(15, 31))


@pytest.mark.parametrize(("exercise", "starts"), [("backsquat", "high"), ("overhead-press", "low")])
def test_the_bar_moves_alike_in_all_three_clips_of_simulated_lifts(exercise: str, starts: str) -> None:
    plans = plan_clips("study", exercise, "labelled")[:24]
    heights = [np.asarray(make_clip(plan).annotation.bar_height, float) for plan in plans]
    pool = FrameIndex([lift(i, h, starts) for i, h in enumerate(heights)], SPEC)
    sampler = HalfCycleTriplets(pool, max_shift=0)
    assert len(sampler.usable) >= 18
    draw = sampler.draw(sampler.usable, np.random.default_rng(0))
    anchor, _, negative = np.split(draw.frames, 3)
    seen = [
        np.corrcoef(heights[clip][a], heights[clip][n])[0, 1]
        for clip, a, n in zip(sampler.usable, anchor, negative, strict=True)
    ]
    first, second = zip(*(sampler.halves(int(c)) for c in sampler.usable), strict=True)
    forward = [
        np.corrcoef(heights[clip][a], heights[clip][n])[0, 1]
        for clip, a, n in zip(sampler.usable, first, second, strict=True)
    ]
    assert np.median(seen) > 0.95
    assert min(seen) > 0.8
    assert max(forward) < -0.8
