from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist, squareform

from aqa_bench.core.errors import DataError
from aqa_bench.media.distance_geometry import (
    condensed_size,
    face_viewer,
    pairwise_distances,
    positions_from_distances,
    square_form,
)
from aqa_bench.media.layouts import LAYOUTS

HMR = LAYOUTS["hmr-19"]


def standing_body(seed: int = 0) -> np.ndarray:
    """A person who faces the viewer: x to the viewer's right, y down, z away."""
    place = {
        **{"neck": (0, -1.4, 0), "head_top": (0, -1.7, 0), "nose": (0, -1.55, -0.12)},
        **{"left_eye": (0.03, -1.58, -0.1), "right_eye": (-0.03, -1.58, -0.1)},
        **{"left_ear": (0.07, -1.55, 0), "right_ear": (-0.07, -1.55, 0)},
        **{"left_hip": (0.13, -0.9, 0), "right_hip": (-0.13, -0.9, 0)},
        **{"left_knee": (0.15, -0.5, -0.2), "right_knee": (-0.2, -0.5, -0.1)},
        **{"left_ankle": (0.15, 0, 0), "right_ankle": (-0.15, 0, 0)},
        **{"left_shoulder": (0.15, -1.4, 0), "right_shoulder": (-0.15, -1.4, 0)},
        **{"left_elbow": (0.3, -1.2, 0.1), "right_elbow": (-0.35, -1.25, 0)},
        **{"left_wrist": (0.2, -1.3, -0.2), "right_wrist": (-0.2, -1.35, -0.2)},
    }
    body = np.array([place[joint] for joint in HMR.joints])
    limbs = [HMR.index(f"{side}_{part}") for side in ("left", "right") for part in ("knee", "elbow", "wrist")]
    body[limbs] += np.random.default_rng(seed).normal(0, 0.03, (6, 3))
    return body


def rotation(seed: int) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


@given(st.integers(2, 25), st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_points_come_back_up_to_a_rigid_motion_or_reflection(count: int, seed: int, scale: float) -> None:
    points = np.random.default_rng(seed).normal(size=(count, 3)) * scale
    found = positions_from_distances(pdist(points))[:, : min(3, count)]
    np.testing.assert_allclose(pdist(found), pdist(points), atol=1e-5 * scale)
    centred = points - points.mean(axis=0)
    if found.shape == centred.shape:
        turn, _ = orthogonal_procrustes(found, centred)
        np.testing.assert_allclose(found @ turn, centred, atol=1e-5 * scale)


def test_frames_are_solved_one_by_one() -> None:
    bodies = np.stack([standing_body(seed) for seed in range(5)])
    distances = pairwise_distances(bodies)
    assert distances.shape == (5, condensed_size(19)) == (5, 171)
    together = positions_from_distances(distances)
    for frame in range(5):
        np.testing.assert_allclose(
            pairwise_distances(together[frame]),
            pairwise_distances(positions_from_distances(distances[frame])),
        )


def test_the_triangle_is_read_row_by_row_as_scipy_does() -> None:
    points = np.random.default_rng(1).normal(size=(6, 3))
    np.testing.assert_allclose(pairwise_distances(points), pdist(points))
    np.testing.assert_array_equal(square_form(pdist(points)), squareform(pdist(points)))


def test_fewer_dimensions_keep_the_widest_ones() -> None:
    points = np.random.default_rng(2).normal(size=(10, 3)) * (5, 3, 0.01)
    np.testing.assert_allclose(
        pairwise_distances(positions_from_distances(pdist(points), 2)), pdist(points), atol=0.05
    )


@given(st.integers(0, 1000), st.booleans())
def test_a_body_turned_anyhow_faces_the_viewer_again(seed: int, mirrored: bool) -> None:
    body = standing_body(seed)
    turned = body @ rotation(seed) * ((-1, 1, 1) if mirrored else (1, 1, 1)) + (3.0, -2.0, 1.0)
    np.testing.assert_allclose(face_viewer(turned[None], "hmr-19")[0], body, atol=1e-9)


def test_a_body_and_its_mirror_image_have_the_same_distances_and_so_the_same_view() -> None:
    body = standing_body()
    mirrored = body * (-1, 1, 1)
    views = [
        face_viewer(positions_from_distances(pairwise_distances(b))[None], "hmr-19")[0]
        for b in (body, mirrored)
    ]
    np.testing.assert_allclose(views[0], body, atol=1e-7)
    np.testing.assert_allclose(views[1], body, atol=1e-7)


def test_a_body_without_extent_has_no_view() -> None:
    bodies = np.stack([np.zeros((19, 3)), standing_body()])
    views = face_viewer(bodies, "hmr-19")
    assert not views[0].any()
    assert np.isfinite(views).all()
    np.testing.assert_allclose(views[1], bodies[1], atol=1e-9)


@pytest.mark.parametrize("size", [0, 2, 170, 172])
def test_a_number_of_distances_that_no_points_have_is_refused(size: int) -> None:
    with pytest.raises(DataError, match="171 for 19"):
        positions_from_distances(np.ones((3, size)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_impossible_distances_are_refused(bad: float) -> None:
    distances = pdist(standing_body())
    distances[7] = bad
    with pytest.raises(DataError, match="1 that are not"):
        positions_from_distances(distances)


def test_a_layout_without_a_face_has_no_view() -> None:
    with pytest.raises(DataError, match="neck"):
        face_viewer(np.zeros((1, 12, 3)), "body-12")
