from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose import crop, person_box


def person(x1: float, y1: float, x2: float, y2: float) -> np.ndarray:
    random = np.random.default_rng(0)
    points = random.uniform((x1, y1), (x2, y2), (50, 17, 2))
    points[:, 0], points[:, 1] = (x1, y1), (x2, y2)
    return np.concatenate([points, np.ones((50, 17, 1))], axis=2)


def test_encloses_the_person_with_a_margin() -> None:
    box = person_box(person(100, 50, 180, 250), margin=0.1, square=False)
    np.testing.assert_allclose(box, [80, 30, 200, 270])
    assert box.dtype == np.float32


def test_square_keeps_the_centre() -> None:
    np.testing.assert_allclose(person_box(person(100, 50, 180, 250), margin=0), [40, 50, 240, 250])


def test_stray_and_unsure_joints_do_not_count() -> None:
    keypoints = person(100, 50, 180, 250)
    expected = person_box(keypoints)
    keypoints[7, 3] = (5000, -5000, 0.9)
    keypoints[:, 9] = (0, 0, 0.1)
    np.testing.assert_allclose(person_box(keypoints), expected, atol=5)


def test_nobody() -> None:
    for keypoints in (np.zeros((3, 17, 3)), np.zeros((0, 17, 3))):
        with pytest.raises(DataError, match="Nobody"):
            person_box(keypoints, min_confidence=0)


@given(st.lists(st.integers(-20, 40), min_size=4, max_size=4))
def test_crop_is_the_picture_inside_and_black_outside(box: list[int]) -> None:
    frames = np.random.default_rng(0).integers(1, 256, (2, 12, 16, 3), dtype=np.uint8)
    x1, y1, x2, y2 = box
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    wide = np.pad(frames, ((0, 0), (60, 60), (60, 60), (0, 0)))
    np.testing.assert_array_equal(crop(frames, box), wide[:, y1 + 60 : y2 + 60, x1 + 60 : x2 + 60])
