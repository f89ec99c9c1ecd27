from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray, Media
from aqa_bench.core.task import Modality
from aqa_bench.media.layouts import convert, find_layout
from aqa_bench.media.stick_figures import figure_pose, stick_figures

LAYOUT = "body-12"
AT = find_layout(LAYOUT).index


def pose(frames: int = 2) -> np.ndarray:
    """The left leg alone, straight down at x = 10; the right knee alone at x = 30."""
    values = np.zeros((frames, 12, 3), np.float32)
    for y, joint in enumerate(("left_hip", "left_knee", "left_ankle")):
        values[:, AT(joint)] = (10, 40 * y, 0.9)
    values[:, AT("right_knee")] = (30, 40, 0.9)
    return values


def test_bones_are_drawn_where_they_are_and_in_their_sides_colour() -> None:
    values = pose()
    values[1, :, :2] *= 0.5
    drawn = stick_figures(values, LAYOUT, side=100)
    assert drawn.shape == (2, 100, 100, 3)
    # 80 pixels of the clip fill 84 of the picture: the leg runs from y 8 to y 92.
    orange = (drawn[0].astype(int)[..., 0] - drawn[0].astype(int)[..., 2]) > 100
    rows, columns = np.nonzero(orange)
    assert (rows.min(), rows.max()) == pytest.approx((8, 92), abs=4)
    assert np.ptp(columns) <= 4
    blue = (drawn.astype(int)[..., 2] - drawn.astype(int)[..., 0]) > 100
    assert not blue.any(), "a bone needs both of its joints"
    # One scale for the clip: half of the size is half of the pixels.
    rows, _ = np.nonzero((drawn[1].astype(int)[..., 0] - drawn[1].astype(int)[..., 2]) > 100)
    assert np.ptp(rows) == pytest.approx(42, abs=5)


def test_nobody_is_a_blank_picture() -> None:
    assert (stick_figures(np.zeros((1, 12, 3), np.float32), LAYOUT) == 245).all()


class Clip(Media):
    provides = frozenset({Modality.KEYPOINTS})

    def __init__(self, layout: str) -> None:
        self.layout = layout

    def keypoints(self, layout: str) -> FloatArray:
        return convert(np.ones((3, len(find_layout(self.layout)), 3), np.float32), self.layout, layout)


@pytest.mark.parametrize(
    ("layout", "drawn"),
    # A neck between the shoulders is one joint more than COCO has.
    [
        ("openpose-18", "openpose-18"),
        ("body-25", "body-25"),
        ("coco-17", "openpose-18"),
        ("body-12", "body-12"),
    ],
)
def test_the_layout_that_shows_most_is_drawn(layout: str, drawn: str) -> None:
    values, name = figure_pose(Clip(layout))
    assert name == drawn
    assert values.shape == (3, len(find_layout(drawn)), 3)


def test_what_cannot_be_drawn_is_said() -> None:
    class Nothing(Clip):
        def keypoints(self, layout: str) -> FloatArray:
            raise DataError("No.")

    with pytest.raises(DataError):
        figure_pose(Nothing(LAYOUT))
