"""The series that Pose Trainer warps, one or two per exercise."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.pose_geometry import (
    Arm,
    Joint,
    angle_degrees,
    clearer_arm,
    complete_frames,
    scale_by_torso,
)

__all__ = [
    "SERIES",
    "FeatureSet",
    "SeriesFunction",
    "bicep_curl",
    "front_raise",
    "shoulder_press",
    "shoulder_shrug",
    "smooth",
]

Series = npt.NDArray[np.float64]

_BOTH_ARMS = (
    Joint.LEFT_SHOULDER,
    Joint.RIGHT_SHOULDER,
    Joint.LEFT_ELBOW,
    Joint.RIGHT_ELBOW,
    Joint.LEFT_WRIST,
    Joint.RIGHT_WRIST,
)


class FeatureSet(StrEnum):
    """Which definition of the series; they differ on the shoulder shrug only."""

    RELEASED = "released"
    """As the released code computes them: joints picked from the wrong tuple."""
    CORRECTED = "corrected"
    """With the joints that the code's own names and comments call for."""


class SeriesFunction(Protocol):
    """Computes the series of one exercise."""

    def __call__(self, keypoints: FloatArray, width: int, features: FeatureSet) -> tuple[Series, ...]:
        """Series of a clip, each ``(F,)`` float64 over its complete frames."""
        ...


def smooth(series: Series, width: int) -> Series:
    """Two passes of a median filter; values beyond the ends count as 0.

    Args:
        series: ``(F,)``.
        width: Odd window length in frames; 1 leaves the series as it is.
    """
    for _ in range(2):
        # Zeros beyond the ends pull the first and last values down; distances depend on it.
        series = np.asarray(median_filter(series, size=width, mode="constant", cval=0.0))
    return series


def bicep_curl(keypoints: FloatArray, width: int, features: FeatureSet) -> tuple[Series, ...]:
    """Angle between upper arm and torso, and angle at the elbow, both smoothed; degrees."""
    arm = clearer_arm(scale_by_torso(keypoints))
    swing = angle_degrees(arm.shoulder - arm.elbow, arm.neck - arm.hip)
    return smooth(swing, width), smooth(_elbow(arm), width)


def front_raise(keypoints: FloatArray, width: int, features: FeatureSet) -> tuple[Series, ...]:
    """Angle between torso and arm (shoulder to wrist), not smoothed; degrees."""
    arm = clearer_arm(scale_by_torso(keypoints))
    return (angle_degrees(arm.shoulder - arm.hip, arm.shoulder - arm.wrist),)


def shoulder_press(keypoints: FloatArray, width: int, features: FeatureSet) -> tuple[Series, ...]:
    """Horizontal offset of the neck from the hip, torso lengths; angle at the elbow, smoothed, degrees."""
    arm = clearer_arm(scale_by_torso(keypoints))
    return (arm.neck - arm.hip)[:, 0], smooth(_elbow(arm), width)


def shoulder_shrug(keypoints: FloatArray, width: int, features: FeatureSet) -> tuple[Series, ...]:
    """A height difference in torso lengths, and a smoothed angle in degrees.

    ``CORRECTED``: height of the right shoulder below the left, and bend of the left arm, from the frames that
    show both arms. ``RELEASED``: the same positions in a tuple of shoulder, elbow, wrist, hip and neck of the
    clearer side: height of the elbow below the shoulder, and angle between wrist-to-shoulder and
    neck-to-wrist.
    """
    scaled = scale_by_torso(keypoints)
    if features is FeatureSet.RELEASED:
        arm = clearer_arm(scaled)
        angle = angle_degrees(arm.shoulder - arm.wrist, arm.wrist - arm.neck)
        return (arm.elbow - arm.shoulder)[:, 1], smooth(angle, width)
    frames = complete_frames(scaled, _BOTH_ARMS)
    if not len(frames):
        raise DataError(
            "No frame of the clip shows both arms.",
            expected="at least one frame with both shoulders, elbows and wrists",
            found="none",
            remedy="Leave the clip out, or rerun the pose estimator on it.",
        )
    left, right, elbow, _, wrist, _ = frames.swapaxes(0, 1)
    return (right - left)[:, 1], smooth(angle_degrees(left - elbow, elbow - wrist), width)


SERIES: Mapping[str, SeriesFunction] = {
    "bicep-curl": bicep_curl,
    "front-raise": front_raise,
    "shoulder-press": shoulder_press,
    "shoulder-shrug": shoulder_shrug,
}
"""Series function of every exercise."""


def _elbow(arm: Arm) -> Series:
    return angle_degrees(arm.shoulder - arm.elbow, arm.wrist - arm.elbow)
