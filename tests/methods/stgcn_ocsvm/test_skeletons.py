from __future__ import annotations

import numpy as np
import pytest

from aqa_bench.methods.stgcn_ocsvm.skeletons import skeleton_input

NECK, HIP, LEFT_HIP, WRIST = 1, 8, 11, 4


@pytest.fixture
def keypoints() -> np.ndarray:
    """Twenty frames of a person who lifts a wrist: ``(20, 18, 3)``."""
    rng = np.random.default_rng(0)
    still = rng.normal(size=(1, 18, 2)) * 40
    still[0, NECK], still[0, HIP], still[0, LEFT_HIP] = (0, 0), (0, 100), (60, 80)
    points = 300 + np.repeat(still, 20, axis=0) + rng.normal(size=(20, 18, 2))
    points[:, WRIST, 1] -= np.sin(np.linspace(0, np.pi, 20)) * 150
    return np.concatenate([points, np.full((20, 18, 1), 0.9)], axis=2).astype(np.float32)


def test_input_is_centred_scaled_and_zero_where_missing(keypoints: np.ndarray) -> None:
    keypoints[5, WRIST] = 0
    x = skeleton_input(keypoints, 20, "resample", torso=0.25)
    assert (x.shape, x.dtype) == ((3, 20, 18, 1), np.float32)
    assert not x[:, 5, WRIST].any()
    torso = np.hypot(*(x[:2, :, NECK, 0] - x[:2, :, HIP, 0]))
    assert np.median(torso) == pytest.approx(0.25, rel=0.02)
    assert np.abs(np.median(x[:2, :, [NECK, HIP, LEFT_HIP], 0], axis=(1, 2))).max() < 0.01
    moved = keypoints * [2, 2, 1] + [50, -9, 0] * (keypoints[..., 2:] > 0)
    np.testing.assert_allclose(x, skeleton_input(moved, 20, "resample", torso=0.25), atol=1e-5)


def test_padding_keeps_the_pace_and_resampling_the_whole(keypoints: np.ndarray) -> None:
    padded, resampled = (skeleton_input(keypoints, 30, fit, 0.2) for fit in ("pad", "resample"))
    whole = skeleton_input(keypoints, 20, "pad", 0.2)
    np.testing.assert_array_equal(padded[:, :20], whole)
    assert not padded[:, 20:].any()
    np.testing.assert_array_equal(resampled[:, [0, -1]], whole[:, [0, -1]])
    np.testing.assert_array_equal(skeleton_input(keypoints, 16, "pad", 0.2), whole[:, 2:18])


def test_an_empty_clip_gives_zeros() -> None:
    assert not skeleton_input(np.zeros((5, 18, 3), np.float32), 16, "pad", 0.2).any()
