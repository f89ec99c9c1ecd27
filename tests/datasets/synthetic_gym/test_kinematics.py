from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.datasets.synthetic_gym.kinematics import cross, off_plane, sagittal_joint, two_bone, unit, vec
from aqa_bench.datasets.synthetic_gym.motion import largest_share

coordinate = st.floats(-1, 1)


@given(
    end=st.tuples(coordinate, coordinate, coordinate),
    pole=st.tuples(coordinate, coordinate, coordinate),
    swivel=st.floats(-1.5, 1.5),
)
def test_two_bone_keeps_both_bone_lengths(
    end: tuple[float, float, float], pole: tuple[float, float, float], swivel: float
) -> None:
    start, tip, toward = np.zeros((1, 3)), vec(*end)[None], vec(*pole)[None]
    if not 0.12 < np.linalg.norm(tip) < 0.99 or np.linalg.norm(np.cross(unit(tip), toward)) < 1e-3:
        return
    joint = two_bone(start, tip, 0.55, 0.45, toward, swivel)
    assert np.linalg.norm(joint) == pytest.approx(0.55, abs=1e-9)
    assert np.linalg.norm(joint - tip) == pytest.approx(0.45, abs=1e-9)


def test_swivel_moves_the_joint_to_the_positive_side_of_its_plane() -> None:
    hip, ankle, ahead = vec(0, 0.8, 0)[None], vec(0, 0.1, 0)[None], vec(0, 0, 1)[None]
    knee = two_bone(hip, ankle, 0.42, 0.43, ahead, 0.3)
    radius = two_bone(hip, ankle, 0.42, 0.43, ahead)[0, 2]
    assert off_plane(knee, hip, ankle, ahead)[0] == pytest.approx(radius * np.sin(0.3))
    assert knee[0, 0] < 0


def test_cross_agrees_with_numpy() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 7, 3))
    np.testing.assert_allclose(cross(a, b), np.cross(a, b), atol=1e-15)


def test_sagittal_joint_is_behind_and_at_both_distances() -> None:
    y, z = sagittal_joint(
        (np.array([1.4]), np.array([0.1])),
        (np.array([0.5]), np.array([0.2])),
        np.array([0.55]),
        np.array([0.45]),
    )
    assert np.hypot(y - 1.4, z - 0.1) == pytest.approx(0.55)
    assert np.hypot(y - 0.5, z - 0.2) == pytest.approx(0.45)
    assert z[0] < 0.1


def test_largest_share_finds_the_limit_of_each_frame() -> None:
    limit = np.array([2.0, 0.3, 0.0])
    share = largest_share(lambda s: s <= limit, 3)
    np.testing.assert_allclose(share, [1.0, 0.3, 0.0], atol=1 / 4096)
