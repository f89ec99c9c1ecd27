from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.core.sample import Media, Sample
from aqa_bench.learn.features.frames import FrameSpec, frame_indices, read_frames


def test_squashed_then_cropped(clips: list[Sample]) -> None:
    whole = clips[1].media.frames(None, 32)
    images = read_frames(clips[1], FrameSpec(None, 32, 16))
    np.testing.assert_array_equal(images, whole[:, 8:24, 8:24])
    np.testing.assert_array_equal(read_frames(clips[1], FrameSpec(None, 32, None)), whole)
    few = read_frames(clips[1], FrameSpec(4, 32, None))
    np.testing.assert_array_equal(few, whole[frame_indices(clips[1], FrameSpec(4, 32, None))])
    assert len(few) == 4
    assert FrameSpec().side == 224


def test_a_still_image_is_a_clip_of_one_frame(stills: list[Sample]) -> None:
    images = read_frames(stills[1], FrameSpec(8, 32, 16))
    np.testing.assert_array_equal(images[0], stills[1].media.image(32)[8:24, 8:24])
    assert len(images) == len(frame_indices(stills[1], FrameSpec(None, 32, 16))) == 1


def test_errors(clips: list[Sample]) -> None:
    with pytest.raises(DataError, match="need"):
        read_frames(Sample("x", "x", Media()), FrameSpec())
    for options in ({"crop": 400}, {"frames": 0}, {"resize": 4, "crop": None}):
        with pytest.raises(RecipeError):
            FrameSpec(**options)  # type: ignore[arg-type]
