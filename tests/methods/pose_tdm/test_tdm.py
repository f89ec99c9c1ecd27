from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from aqa_bench.core.errors import DataError
from aqa_bench.methods.pose_tdm.tdm import temporal_distance_matrix


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.integers(2, 25), st.sampled_from([2, 3]), st.sampled_from(["f4", "f8", "i4"]))
def test_same_as_scipy(frames: int, joints: int, axes: int, dtype: str) -> None:
    points = (np.random.default_rng(joints).normal(size=(frames, joints, axes)) * 100).astype(dtype)
    distances = temporal_distance_matrix(points)
    assert distances.dtype == np.float32
    assert distances.shape == (frames, joints * (joints - 1) // 2)
    for frame, row in zip(points, distances, strict=True):
        np.testing.assert_allclose(row, pdist(frame), rtol=1e-4, atol=1e-4)


def test_published_sizes() -> None:
    for joints, size in ((19, 171), (25, 300), (18, 153), (24, 276)):
        assert temporal_distance_matrix(np.zeros((1, joints, 3))).shape == (1, size)


def test_invariant_to_turning_moving_and_mirroring() -> None:
    points = np.random.default_rng(0).normal(size=(6, 17, 3))
    turned = points @ Rotation.from_euler("xyz", [0.3, 1.2, -0.7]).as_matrix().T * [-1, 1, 1] + [5, -2, 9]
    np.testing.assert_allclose(temporal_distance_matrix(points), temporal_distance_matrix(turned), rtol=1e-5)


def test_a_missing_joint_spoils_only_its_own_pairs() -> None:
    points = np.zeros((1, 4, 2))
    points[0, 1] = np.nan
    np.testing.assert_array_equal(np.isnan(temporal_distance_matrix(points)[0]), [1, 0, 0, 1, 1, 0])


@pytest.mark.parametrize("shape", [(5, 18), (5, 18, 4), (5, 1, 2)])
def test_wrong_shapes_are_errors(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="shape that distances need"):
        temporal_distance_matrix(np.zeros(shape))


def test_the_input_is_not_changed() -> None:
    points = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    before = points.copy()
    temporal_distance_matrix(points)
    np.testing.assert_array_equal(points, before)
