from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.dive_classes import DIVE_CLASSES
from aqa_bench.methods.md.same_class import SameClassTriplets, class_and_event

from ...learn.conftest import DrawnClip, dive

SPEC = FrameSpec(None, 16, None)
TOLD = {name: values[1] for name, values in DIVE_CLASSES.items()}


def dives(*kinds: tuple[float, str], count: int = 20) -> FrameIndex:
    """Dives of somersaults and event."""
    told = [TOLD | {"somersaults": turns, "event": event} for turns, event in kinds]
    return FrameIndex([dive(i, known, count + i) for i, known in enumerate(told)], SPEC)


def test_the_negative_is_another_dive_of_the_same_class_and_event() -> None:
    kinds = [(1.5, "a"), (1.5, "b"), (2.5, "a")] * 4 + [(3.5, "a")]
    pool = dives(*kinds)
    sampler = SameClassTriplets(pool, frames=8, max_shift=0)
    assert sampler.usable.tolist() == list(range(12))
    assert sampler.dropped == {"alone in their class and event": 1}
    rng, met = np.random.default_rng(0), set()
    for _ in range(30):
        draw = sampler.draw(sampler.usable, rng)
        anchor, positive, negative = np.split(draw.clips, 3)
        np.testing.assert_array_equal(anchor, sampler.usable)
        np.testing.assert_array_equal(positive, anchor)
        assert (negative != anchor).all()
        assert all(kinds[a] == kinds[n] for a, n in zip(anchor, negative, strict=True))
        assert draw.labels.tolist() == [0] * 12 + [1] * 12 + [2] * 12
        met |= set(zip(anchor.tolist(), negative.tolist(), strict=True))
    assert len(met) == 12 * 3  # every other dive of the kind comes up


def test_clips_are_whole_dives() -> None:
    pool = dives(*[(1.5, "a")] * 3)
    draw = SameClassTriplets(pool, frames=9, max_shift=0).draw(np.arange(3), np.random.default_rng(0))
    assert draw.frames.shape == (9, 9)
    assert (draw.frames[:, 0] == 0).all()
    np.testing.assert_array_equal(draw.frames[:, -1], pool.lengths[draw.clips] - 1)
    assert (np.diff(draw.frames, axis=1) > 0).all()


def test_shifts_are_drawn_apart_and_stay_within_the_dive() -> None:
    pool = dives(*[(1.5, "a")] * 40)
    sampler = SameClassTriplets(pool, frames=9, max_shift=3)
    still = SameClassTriplets(pool, frames=9, max_shift=0)
    draw, plain = (s.draw(s.usable, np.random.default_rng(1)) for s in (sampler, still))
    np.testing.assert_array_equal(draw.clips, plain.clips)
    moved = (draw.frames - plain.frames)[:, 4]
    assert set(moved.tolist()) == set(range(-3, 4))
    assert (moved[:40] != moved[40:80]).any()
    assert (draw.frames >= 0).all()
    assert (draw.frames < pool.lengths[draw.clips, None]).all()


@pytest.mark.parametrize("attribute", [*DIVE_CLASSES, "event"])
def test_every_attribute_counts(attribute: str) -> None:
    told = TOLD | {"event": "a"}
    other = told | {attribute: "b" if attribute == "event" else DIVE_CLASSES[attribute][0]}
    sampler = SameClassTriplets(FrameIndex([dive(0, told), dive(1, other), dive(2, told)], SPEC), frames=4)
    assert sampler.usable.tolist() == [0, 2]
    assert sampler.others(0).tolist() == [2]


def test_what_is_no_dive_is_left_out_and_counted() -> None:
    plain = Sample("x", "x", DrawnClip(9))
    sampler = SameClassTriplets(FrameIndex([plain, dive(1, TOLD)], SPEC), frames=4)
    assert len(sampler.usable) == 0
    assert sampler.dropped == {"without class and event of a dive": 2}
    assert class_and_event(plain) is None
