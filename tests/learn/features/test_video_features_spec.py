from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.sample import Sample
from aqa_bench.learn.features.video_features import ClipSpec, read_clip
from aqa_bench.media.clips import uniform


def test_a_clip_spans_the_sample_in_order(clips: list[Sample]) -> None:
    sample = clips[2]
    read = read_clip(sample, ClipSpec(4, 2, 32, 16))
    assert read.shape == (8, 16, 16, 3)
    expected = sample.media.frames(uniform(sample.media.length, 8).tolist(), 32)[:, 8:24, 8:24]
    np.testing.assert_array_equal(read, expected)


def test_controls_have_no_motion_or_no_order(clips: list[Sample]) -> None:
    forward, still, shuffled = (
        read_clip(clips[0], ClipSpec(8, resize=16, crop=None, order=order))
        for order in ("forward", "still", "shuffled")
    )
    assert (still == still[:1]).all()
    assert any((still[0] == frame).all() for frame in forward)
    assert not np.array_equal(shuffled, forward)
    assert sorted(f.tobytes() for f in shuffled) == sorted(f.tobytes() for f in forward)
    np.testing.assert_array_equal(
        shuffled, read_clip(clips[0], ClipSpec(8, resize=16, crop=None, order="shuffled"))
    )


def test_orders_differ_between_samples(clips: list[Sample]) -> None:
    spec = ClipSpec(16, order="shuffled")
    assert len({tuple(spec.positions(sample)) for sample in clips}) == len(clips)


@pytest.mark.parametrize("values", [{"frames": 0}, {"clips": 0}, {"resize": 16, "crop": 32}])
def test_impossible_clips(values: dict[str, int]) -> None:
    with pytest.raises(RecipeError):
        ClipSpec(**values)
