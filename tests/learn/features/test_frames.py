from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, MethodError, RecipeError
from aqa_bench.core.sample import Media, Sample
from aqa_bench.learn.features.frames import FrameSpec, frame_indices, read_frames
from aqa_bench.media.clips import Indices


class Box:
    name = "box"

    def __init__(self, *boxes: float | tuple[float, ...]) -> None:
        self.boxes = np.array(boxes, float)

    def __call__(self, sample: Sample, indices: Indices) -> np.ndarray:
        return self.boxes


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


def test_regions_are_cut_out_of_native_frames(clips: list[Sample]) -> None:
    spec = FrameSpec(3, 20, 20)
    native = clips[0].media.frames(frame_indices(clips[0], spec).tolist())
    same_size = read_frames(clips[0], spec, Box(20 / 60, 0.25, 40 / 60, 0.75))
    np.testing.assert_array_equal(same_size, native[:, 10:30, 20:40])
    each = Box((0, 0, 1 / 3, 0.5), (20 / 60, 0.25, 40 / 60, 0.75), (-3, -3, 9, 9))
    cut = read_frames(clips[0], spec, each)
    np.testing.assert_array_equal(cut[0], native[0, :20, :20])
    np.testing.assert_array_equal(cut[1], native[1, 10:30, 20:40])
    assert cut.shape == (3, 20, 20, 3)


def test_errors(clips: list[Sample]) -> None:
    with pytest.raises(DataError, match="need"):
        read_frames(Sample("x", "x", Media()), FrameSpec())
    for boxes in (Box(0, 0, 1), Box((0, 0, 1, 1), (0, 0, 1, 1)), Box(0, 0, 1, float("nan"))):
        with pytest.raises(MethodError):
            read_frames(clips[0], FrameSpec(3, 20, 20), boxes)
    for options in ({"crop": 400}, {"frames": 0}, {"resize": 4, "crop": None}):
        with pytest.raises(RecipeError):
            FrameSpec(**options)  # type: ignore[arg-type]
