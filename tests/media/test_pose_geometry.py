from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose_geometry import (
    Joint,
    angle_degrees,
    clearer_arm,
    complete_frames,
    scale_by_torso,
)

VECTORS = arrays(np.float64, (7, 2), elements=st.floats(-50, 50).filter(lambda x: x == 0 or abs(x) > 1e-3))


def test_torso_length_is_the_mean_over_frames_and_hips(standing: np.ndarray) -> None:
    standing[0, Joint.LEFT_HIP, 1] = 300  # 200 px in this frame
    standing[1, Joint.RIGHT_HIP] = 0  # not seen: neither counted nor moved
    scaled = scale_by_torso(standing)
    assert scaled[0, Joint.NECK, 1] == pytest.approx(100 / ((200 + 100 + 100 + 100 + 100) / 5))
    np.testing.assert_array_equal(scaled[1, Joint.RIGHT_HIP], 0)
    np.testing.assert_array_equal(scaled[..., 2], standing[..., 2])


def test_the_input_is_left_alone(standing: np.ndarray) -> None:
    before = standing.copy()
    scale_by_torso(standing)
    np.testing.assert_array_equal(standing, before)


@pytest.mark.parametrize("shape", [(3, 17, 3), (3, 18, 2), (18, 3)])
def test_other_shapes_are_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"T, 18, 3"):
        scale_by_torso(np.ones(shape))


@pytest.mark.parametrize("missing", [(Joint.NECK,), (Joint.LEFT_HIP, Joint.RIGHT_HIP)])
def test_an_invisible_torso_is_an_error(standing: np.ndarray, missing: tuple[Joint, ...]) -> None:
    standing[:, missing] = 0
    with pytest.raises(DataError, match="torso"):
        scale_by_torso(standing)


def test_complete_frames_drop_what_is_missing(standing: np.ndarray) -> None:
    standing[1, Joint.LEFT_WRIST] = 0
    assert complete_frames(standing, (Joint.LEFT_WRIST, Joint.NECK)).shape == (2, 2, 2)


def test_the_left_arm_wins_a_tie_and_the_clearer_one_otherwise(standing: np.ndarray) -> None:
    assert not clearer_arm(standing).is_right
    standing[0, Joint.LEFT_WRIST] = 0
    assert clearer_arm(standing).is_right
    assert len(clearer_arm(standing).elbow) == 3


def test_the_arm_needs_its_hip_and_the_neck(standing: np.ndarray) -> None:
    standing[0, Joint.NECK] = 0
    assert len(clearer_arm(standing).elbow) == 2
    standing[:, Joint.LEFT_HIP] = 0
    with pytest.raises(DataError, match="whole arm"):
        clearer_arm(standing)


@settings(max_examples=40, deadline=None)
@given(VECTORS, VECTORS)
def test_angles_agree_with_the_arc_cosine(first: np.ndarray, second: np.ndarray) -> None:
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = np.divide((first * second).sum(axis=1), lengths, out=np.ones(7), where=lengths > 0)
    np.testing.assert_allclose(
        angle_degrees(first, second), np.degrees(np.arccos(np.clip(cosines, -1, 1))), atol=1e-5
    )
