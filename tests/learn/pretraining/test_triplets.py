from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets, TripletSampler
from aqa_bench.methods.vanilla_pc.triplets import SameClipTriplets


def _lift(rng: np.random.Generator, length: int) -> np.ndarray:
    """A squat that begins high, at an uneven pace, with jitter; its amplitude spans 0 to 1."""
    turn = int(length * rng.uniform(0.3, 0.7))
    down, up = np.linspace(1, 0, turn + 1), np.linspace(0, rng.uniform(0.9, 1), length - turn)[1:]
    elevation = np.concatenate([down**1.5, up]) + rng.normal(0, 0.01, length)
    return ((elevation - elevation.min()) / np.ptp(elevation)).astype(np.float32)


def _pool(seed: int, clips: int = 6) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [_lift(rng, int(rng.integers(12, 60))) for _ in range(clips)]


def _sampler(pool: list[np.ndarray], negatives: str = "positive-clip", gap: float = 30.0) -> TripletSampler:
    if negatives == "same-clip":
        return SameClipTriplets(pool, gap=gap)
    return CrossClipTriplets(pool, gap=gap, negatives=negatives)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["positive-clip", "third-clip", "same-clip"]),
    st.sampled_from([0.0, 30.0, 60.0, 100.0]),
)
def test_every_triplet_keeps_its_promises(seed: int, negatives: str, gap: float) -> None:
    pool = _pool(seed)
    sampler = _sampler(pool, negatives, gap)
    triplets = sampler.sample(40, np.random.default_rng(seed))
    a, p, n = triplets.anchor, triplets.positive, triplets.negative
    for part in (a, p, n):
        phases = [360 * float(pool[c][f]) for c, f in zip(part.clips, part.frames, strict=True)]
        np.testing.assert_allclose(part.phases, phases, rtol=1e-6)
    assert (np.abs(a.phases - n.phases) > gap).all()
    if negatives == "same-clip":
        assert (a.clips == p.clips).all()
        assert (a.clips == n.clips).all()
        assert (a.frames != p.frames).all()
        return
    assert (a.clips != p.clips).all()
    if negatives == "positive-clip":
        assert (p.clips == n.clips).all()
    else:
        assert (n.clips != p.clips).all()
        assert (n.clips != a.clips).all()
    for clip, phase, found in zip(p.clips, a.phases, p.phases, strict=True):
        assert abs(found - phase) == pytest.approx(np.abs(pool[clip] * 360.0 - phase).min(), abs=1e-3)


def test_the_single_view_positive_comes_from_the_other_half_cycle() -> None:
    clip = np.concatenate([np.linspace(1, 0, 40), np.linspace(0, 1, 40)[1:]])
    triplets = SameClipTriplets([clip]).sample(200, np.random.default_rng(0))
    first, second = triplets.anchor.frames < 39, triplets.positive.frames < 39
    away = triplets.anchor.phases > 20
    assert away.sum() > 100
    assert (first != second)[away].all()
    np.testing.assert_allclose(triplets.anchor.phases, triplets.positive.phases, atol=12)


def test_draws_depend_on_the_generator_alone_and_cover_the_pool() -> None:
    sampler = CrossClipTriplets(_pool(0))
    one, two = (sampler.epoch(np.random.default_rng(3)).stacked() for _ in range(2))
    other = sampler.epoch(np.random.default_rng(4)).stacked()
    np.testing.assert_array_equal(one.frames, two.frames)
    assert (one.frames != other.frames).any()
    assert sorted(one.clips[:6]) == list(range(6))
    assert len(one) == 18
    many = sampler.sample(2000, np.random.default_rng(0))
    shares = np.histogram(many.anchor.phases, 4, (0, 360))[0] / 2000
    assert shares.min() > 0.15
    assert set(many.negative.clips) == set(range(6))


def test_last_admissible_negative_is_drawn_too() -> None:
    clip = np.array([1, 0.75, 0.5, 0, 0.5, 0.75, 1.0])
    triplets = CrossClipTriplets([clip, clip]).sample(2000, np.random.default_rng(0))
    assert set(triplets.negative.frames.tolist()) == set(range(7))


def test_unusable_clips_are_dropped_and_counted() -> None:
    good = _pool(1, 2)
    falling, flat = np.linspace(1, 0, 30), np.full(30, 0.5)
    broken, empty, shallow = np.full(30, np.nan), np.zeros(0), 0.1 * good[0]
    sampler = CrossClipTriplets([falling, good[0], flat, broken, good[1], empty, shallow])
    assert sampler.usable.tolist() == [1, 4]
    assert dict(sampler.phases.dropped) == {
        "whose bar never turns": 1,
        "without frames beyond the gap": 2,
        "without a trajectory": 2,
    }
    assert set(sampler.sample(50, np.random.default_rng(0)).stacked().clips) == {1, 4}


@pytest.mark.parametrize(("negatives", "needed"), [("positive-clip", 2), ("third-clip", 3), ("same-clip", 1)])
def test_too_few_usable_clips(negatives: str, needed: int) -> None:
    pool = [*_pool(2, needed - 1), np.linspace(1, 0, 30)]
    with pytest.raises(DataError, match=rf"{needed - 1} usable of {needed} \(1 whose bar never turns\)"):
        _sampler(pool, negatives)


@pytest.mark.parametrize("options", [{"gap": -1}, {"gap": 180}, {"negatives": "moon"}])
def test_options_out_of_range(options: dict[str, object]) -> None:
    with pytest.raises(RecipeError):
        CrossClipTriplets(_pool(0), **options)  # type: ignore[arg-type]
