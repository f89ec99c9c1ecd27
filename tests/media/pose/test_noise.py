from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.media.layouts import LAYOUTS
from aqa_bench.media.pose import CALIBRATED, NoiseModel, simulate_estimator

LAYOUT = LAYOUTS["coco-17"]
HEIGHT = 200.0
QUIET = NoiseModel(bias=0, jitter=0, leg_outliers=0, arm_outliers=0, swaps=0, lost=0)


def exact(frames: int = 64) -> np.ndarray:
    """A still person of 200 px, confidence .8."""
    random = np.random.default_rng(1)
    points = random.uniform((100, 20), (180, 220), (17, 2))
    points[0, 1], points[16, 1] = 20, 220
    return np.repeat(np.hstack([points, np.full((17, 1), 0.8)])[None], frames, axis=0).astype(np.float32)


def errors(model: NoiseModel, clips: int, frames: int = 64) -> np.ndarray:
    """Offsets in shares of the body's height, ``(clips, T, V, 2)``."""
    truth = exact(frames)
    noisy = [simulate_estimator(truth, LAYOUT.name, seed, model).keypoints for seed in range(clips)]
    return (np.stack(noisy)[..., :2] - truth[..., :2]) / HEIGHT


def test_no_noise_changes_nothing() -> None:
    np.testing.assert_allclose(
        simulate_estimator(exact(), LAYOUT.name, 0, QUIET).keypoints, exact(), rtol=1e-6
    )


def test_bias_and_jitter_are_as_calibrated() -> None:
    model = replace(CALIBRATED, leg_outliers=0, arm_outliers=0, swaps=0, lost=0)
    offset = errors(model, 100)
    bias = offset.mean(axis=1)
    # The mean of T frames of an AR(1) process adds a little to the bias.
    assert bias.std() == pytest.approx(0.031, rel=0.1)
    jitter = offset - np.median(offset, axis=1, keepdims=True)
    assert jitter.std() == pytest.approx(0.01, rel=0.1)
    lag = np.corrcoef(jitter[:, 1:].ravel(), jitter[:, :-1].ravel())[0, 1]
    assert lag == pytest.approx(0.6, abs=0.06)


def test_outliers_come_in_bursts_on_legs_and_arms() -> None:
    model = replace(QUIET, leg_outliers=0.15, arm_outliers=0.35)
    far = np.linalg.norm(errors(model, 200), axis=-1) > 0.0999
    rates = dict(zip(LAYOUT.joints, far.mean(axis=(0, 1)), strict=True))
    for joint in ("left_knee", "right_ankle"):
        assert rates[joint] == pytest.approx(0.15, abs=0.03)
    for joint in ("left_elbow", "right_wrist"):
        assert rates[joint] == pytest.approx(0.35, abs=0.04)
    for joint in ("nose", "left_hip", "right_shoulder"):
        assert rates[joint] == 0
    knee = far[:, :, LAYOUT.index("left_knee")]
    starts = (knee[:, 1:] & ~knee[:, :-1]).sum()
    assert knee[:, 1:].sum() / starts == pytest.approx(4, rel=0.2)


def test_swaps_exchange_whole_legs() -> None:
    truth = exact()
    left, right = ([LAYOUT.index(f"{s}_{j}") for j in ("hip", "knee", "ankle")] for s in ("left", "right"))
    rates = []
    for seed in range(100):
        noisy = simulate_estimator(truth, LAYOUT.name, seed, replace(QUIET, swaps=0.1)).keypoints
        swapped = (noisy[:, left] == truth[:, right]).all(axis=(1, 2))
        np.testing.assert_array_equal(swapped, (noisy[:, right] == truth[:, left]).all(axis=(1, 2)))
        rest = [joint for joint in range(17) if joint not in (*left, *right)]
        np.testing.assert_array_equal(noisy[:, rest], truth[:, rest])
        rates.append(swapped.mean())
    assert np.mean(rates) == pytest.approx(0.1, abs=0.03)


def test_some_clips_are_lost() -> None:
    offset = errors(replace(QUIET, lost=0.05), 600, frames=2)
    lost = np.abs(offset).max(axis=(1, 2, 3)) > 0.2
    assert lost.mean() == pytest.approx(0.05, abs=0.025)


def test_is_deterministic_by_seed() -> None:
    noisy = [simulate_estimator(exact(), LAYOUT.name, seed).keypoints for seed in (3, 3, 4)]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    assert not np.array_equal(noisy[0], noisy[2])


def test_scales_with_the_person() -> None:
    small = exact()
    large = small * np.array([3, 3, 1], np.float32)
    a = simulate_estimator(small, LAYOUT.name, 7).keypoints
    b = simulate_estimator(large, LAYOUT.name, 7).keypoints
    np.testing.assert_allclose(3 * a[..., :2], b[..., :2], rtol=1e-4, atol=1e-2)


def test_missing_joints_stay_missing_and_others_lose_confidence_when_far_off() -> None:
    truth = exact()
    truth[5, 3] = 0
    pose = simulate_estimator(truth, LAYOUT.name, 0)
    assert (pose.keypoints[5, 3] == 0).all()
    assert np.unique(pose.keypoints[..., 2]).tolist() == pytest.approx([0, 0.4, 0.8])
    nobody = np.zeros((4, 17, 3))
    np.testing.assert_array_equal(simulate_estimator(nobody, LAYOUT.name, 0).keypoints, nobody)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout(layout: str) -> None:
    joints = len(LAYOUTS[layout])
    keypoints = np.random.default_rng(0).uniform(1, 100, (8, joints, 3))
    pose = simulate_estimator(keypoints, layout, 0)
    assert pose.layout == layout
    assert np.isfinite(pose.keypoints).all()


def test_says_that_it_is_no_estimator() -> None:
    assert "noise" in CALIBRATED.name
    assert "Not a pose estimator" in CALIBRATED.description


def test_wrong_requests() -> None:
    with pytest.raises(DataError):
        simulate_estimator(exact()[:, :5], LAYOUT.name, 0)
    for wrong in ({"swaps": 1.0}, {"lost": -0.1}, {"run": 0.5}, {"correlation": 1.0}):
        with pytest.raises(UsageError):
            simulate_estimator(exact(), LAYOUT.name, 0, replace(CALIBRATED, **wrong))
