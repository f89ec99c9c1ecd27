from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.methods.background.scene import MedianFrame, WithoutPerson, hidden_box

METHOD = find_method("background")


class Lifter(Media):
    """A bright block that sinks and rises in front of a grey wall, 100 x 200 pixels."""

    provides = frozenset({Modality.FRAMES, Modality.KEYPOINTS, Modality.BAR_BOXES})
    content_key = "lifter"
    length = 5

    def frames(self, indices=None, size=None):
        height, width = (size, size) if size else (100, 200)
        images = np.full((5, height, width, 3), 40, np.uint8)
        for t, top in enumerate((0.3, 0.4, 0.5, 0.4, 0.3)):
            low, high = int(top * height), int((top + 0.2) * height)
            images[t, low:high, int(0.4 * width) : int(0.6 * width)] = 250
        return images if indices is None else images[list(indices)]

    def keypoints(self, layout="openpose-18"):
        points = np.zeros((5, 18, 3), np.float32)
        for t, top in enumerate((30, 40, 50, 40, 30)):
            points[t, :2] = [(80, top, 1), (120, top + 20, 1)]
        return points

    def bar_boxes(self):
        return np.array([[70, 30, 130, 40]] * 5, np.float32)


def test_one_box_holds_the_person_and_the_bar_at_all_times() -> None:
    np.testing.assert_allclose(hidden_box(Lifter()), [0.32, 0.24, 0.68, 0.76], atol=1e-6)


@pytest.mark.parametrize("size", [None, 50])
def test_nothing_that_moves_is_left(size: int | None) -> None:
    left = WithoutPerson(Lifter()).frames(None, size)
    assert (left == left[0]).all()
    assert set(np.unique(left)) == {40, 128}
    assert Lifter().frames().max() == 250


def test_where_nobody_is_seen_everything_is_hidden() -> None:
    class Empty(Lifter):
        def keypoints(self, layout="openpose-18"):
            return np.zeros((5, 18, 3), np.float32)

    assert (WithoutPerson(Empty()).frames() == 128).all()


def test_without_keypoints_the_median_is_what_is_left() -> None:
    class Moving(Lifter):
        provides = frozenset({Modality.FRAMES})

        def frames(self, indices=None, size=None):
            images = np.full((5, 10, 10, 3), 40, np.uint8)
            for t in range(5):
                images[t, :, 2 * t : 2 * t + 2] = 250
            return images if indices is None else images[list(indices)]

    median = MedianFrame(Moving())
    assert median.length == 1
    assert (median.frames([0]) == 40).all()
    assert median.content_key != WithoutPerson(Moving()).content_key


def test_what_the_wall_shows_is_learnt(bench) -> None:
    fitted = bench.fit(METHOD, "head_epochs=15", train=bench.labelled(16))
    test = bench.labelled(10, first=100)
    assert ((fitted.predictor.predict(test.samples) > 0.5) == (test.targets == 1)).mean() > 0.8


def test_clips_with_keypoints_are_judged(bench) -> None:
    fitted = bench.fit(METHOD)
    assert np.isfinite(fitted.predictor.predict([Sample("l", "l", Lifter())])).all()
