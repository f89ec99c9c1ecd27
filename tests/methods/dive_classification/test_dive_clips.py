from __future__ import annotations

import numpy as np

from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.pretraining.dive_classes import DIVE_CLASSES
from aqa_bench.methods.dive_classification.dive_clips import LabelledDives

from ...learn.conftest import DrawnClip, dive

SPEC = FrameSpec(None, 16, None)


def told(place: int) -> dict[str, float | str]:
    return {name: values[place % len(values)] for name, values in DIVE_CLASSES.items()}


def test_dives_come_with_the_places_of_their_attributes() -> None:
    pool = FrameIndex([dive(i, told(i), 20 + i) for i in range(4)], SPEC)
    sampler = LabelledDives(pool, frames=6, max_shift=0)
    draw = sampler.draw(np.array([3, 0, 2]), np.random.default_rng(0))
    assert draw.labels.tolist() == [[3, 1, 3, 3, 3], [0, 0, 0, 0, 0], [2, 0, 2, 2, 2]]
    assert draw.clips.tolist() == [3, 0, 2]
    assert draw.frames[:, 0].tolist() == [0, 0, 0]
    assert draw.frames[:, -1].tolist() == [22, 19, 21]
    assert draw.frames.shape == (3, 6)


def test_shifts_move_some_dives_and_stay_within() -> None:
    pool = FrameIndex([dive(i, told(1), 20) for i in range(60)], SPEC)
    frames = LabelledDives(pool, frames=5, max_shift=3).draw(np.arange(60), np.random.default_rng(0)).frames
    middle = frames[:, 2] - frames[:, 2].mean().round()
    assert set(middle.astype(int).tolist()) >= {-3, 0, 3}
    assert frames.min() == 0
    assert frames.max() == 19


def test_what_tells_no_class_is_left_out_and_counted() -> None:
    pool = FrameIndex([Sample("x", "x", DrawnClip(9)), dive(1, told(1)), dive(2, {})], SPEC)
    sampler = LabelledDives(pool, frames=5)
    assert sampler.usable.tolist() == [1]
    assert sampler.dropped == {"without the class of a dive": 2}
    assert not LabelledDives(FrameIndex([dive(1, told(1))], SPEC), frames=5).dropped
