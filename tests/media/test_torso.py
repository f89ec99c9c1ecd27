from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.layouts import LAYOUTS, convert
from aqa_bench.media.torso import torso_length


def body(frames: int = 3) -> np.ndarray:
    pose = np.zeros((frames, 18, 3))
    for joint, x, y in (("left_shoulder", 1, 0), ("right_shoulder", -1, 0), ("neck", 0, 0)):
        pose[:, LAYOUTS["openpose-18"].index(joint)] = x, y, 1
    for joint, x in (("left_hip", 3), ("right_hip", -3)):
        pose[:, LAYOUTS["openpose-18"].index(joint)] = x, 4, 1
    return pose


def test_median_of_neck_to_hip_over_frames_and_hips() -> None:
    pose = body()
    pose[2, 8, :2] = 0, 40
    assert torso_length(pose, "openpose-18") == 5


def test_layouts_without_a_neck_use_the_shoulders() -> None:
    coco = convert(body(), "openpose-18", "coco-17")
    assert torso_length(coco, "coco-17") == 5


def test_frames_without_the_torso_do_not_count() -> None:
    pose = body()
    pose[0, :, :2] *= 7
    pose[0, 1] = 0
    assert torso_length(pose, "openpose-18") == 5


def test_without_a_torso_the_box_of_the_body_tells() -> None:
    pose = np.zeros((2, 18, 3))
    pose[:, 2], pose[:, 10] = (0, 0, 1), (3, 4, 1)
    assert torso_length(pose, "openpose-18") == pytest.approx(0.3 * 5)


def test_nothing_visible_has_no_length() -> None:
    pose = np.zeros((2, 18, 3))
    assert torso_length(pose, "openpose-18") is None
    pose[:, 3] = 5, 5, 1
    assert torso_length(pose, "openpose-18") is None


def test_another_shape_is_an_error() -> None:
    with pytest.raises(DataError, match="openpose-18"):
        torso_length(np.zeros((2, 17, 3)), "openpose-18")


def test_in_space_depth_counts() -> None:
    pose = np.insert(body(), 2, 0.0, axis=2)
    pose[:, [8, 11], 2] = 12
    assert torso_length(pose, "openpose-18") == 13
