from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import medfilt

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose_geometry import Joint
from aqa_bench.methods.pose_trainer_dtw.series import (
    SERIES,
    FeatureSet,
    bicep_curl,
    front_raise,
    shoulder_press,
    shoulder_shrug,
    smooth,
)

RELEASED, CORRECTED = FeatureSet.RELEASED, FeatureSet.CORRECTED


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.integers(7, 40), elements=st.floats(0, 180)), st.sampled_from([1, 3, 5, 7]))
def test_smoothing_is_scipys_median_filter_twice(series: np.ndarray, width: int) -> None:
    np.testing.assert_array_equal(smooth(series, width), medfilt(medfilt(series, width), width))


def test_smoothing_pads_short_series_with_zeros() -> None:
    np.testing.assert_array_equal(smooth(np.array([90.0, 90.0]), 5), [0, 0])


def test_curl_series(standing: np.ndarray) -> None:
    standing[1, [Joint.LEFT_WRIST, Joint.RIGHT_WRIST], :2] = (240, 140)
    swing, elbow = bicep_curl(standing, 1, RELEASED)
    np.testing.assert_allclose(swing, [0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(elbow, [180, 90, 180])


def test_raise_series_is_not_smoothed(standing: np.ndarray) -> None:
    standing[2, [Joint.LEFT_WRIST, Joint.RIGHT_WRIST], :2] = (280, 100)
    (height,) = front_raise(standing, 5, RELEASED)
    np.testing.assert_allclose(height, [0, 0, 90], atol=1e-9)


def test_press_series_smooths_the_elbow_only(standing: np.ndarray) -> None:
    standing = np.repeat(standing, 4, axis=0)
    standing[6, [Joint.LEFT_WRIST, Joint.RIGHT_WRIST], :2] = (240, 140)
    standing[6, Joint.NECK, 0] += 10
    sway, elbow = shoulder_press(standing, 5, RELEASED)
    assert np.flatnonzero(sway).tolist() == [6]
    np.testing.assert_allclose(elbow[2:-2], 180)


def test_released_shrug_reads_one_side(standing: np.ndarray) -> None:
    standing[1, Joint.LEFT_ELBOW, 1] += 25
    height, angle = shoulder_shrug(standing, 1, RELEASED)
    np.testing.assert_allclose(height, [0.4, 0.65, 0.4])
    np.testing.assert_allclose(angle, 180)  # wrist to shoulder against neck to wrist, the arm hanging


def test_corrected_shrug_reads_both_shoulders_and_the_left_arm(standing: np.ndarray) -> None:
    standing[1, Joint.RIGHT_SHOULDER, 1] += 30
    standing[2, Joint.LEFT_WRIST, :2] = (240, 140)
    tilt, bend = shoulder_shrug(standing, 1, CORRECTED)
    np.testing.assert_allclose(tilt, [0, 0.3, 0])
    np.testing.assert_allclose(bend, [0, 0, 90], atol=1e-9)
    standing[:, Joint.RIGHT_WRIST] = 0
    with pytest.raises(DataError, match="both arms"):
        shoulder_shrug(standing, 1, CORRECTED)


@pytest.mark.parametrize("exercise", SERIES)
@pytest.mark.parametrize("features", FeatureSet)
def test_frames_that_miss_a_joint_are_dropped(
    standing: np.ndarray, exercise: str, features: FeatureSet
) -> None:
    standing[0, [Joint.LEFT_ELBOW, Joint.RIGHT_ELBOW]] = 0
    assert {len(series) for series in SERIES[exercise](standing, 1, features)} == {2}
