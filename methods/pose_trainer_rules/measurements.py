"""What Pose Trainer's rules measure of a clip, an exercise each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

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

__all__ = ["MEASUREMENTS", "bicep_curl", "front_raise", "shoulder_press", "shoulder_shrug"]

_BOTH_ARMS = (
    Joint.LEFT_SHOULDER,
    Joint.LEFT_ELBOW,
    Joint.LEFT_WRIST,
    Joint.RIGHT_SHOULDER,
    Joint.RIGHT_ELBOW,
    Joint.RIGHT_WRIST,
)


def bicep_curl(keypoints: FloatArray) -> dict[str, float]:
    """Measurements of a biceps curl.

    Args:
        keypoints: ``(T, 18, 3)`` in pixels, layout ``openpose-18``.

    Returns:
        ``upper_arm_swing``: range of the angle between upper arm and torso, degrees;
        ``closed_elbow``: smallest angle at the elbow, degrees.

    Raises:
        DataError: The clip shows too little of the body.
    """
    arm = clearer_arm(scale_by_torso(keypoints))
    swing = angle_degrees(arm.shoulder - arm.elbow, arm.neck - arm.hip)
    return {"upper_arm_swing": float(np.ptp(swing)), "closed_elbow": float(_elbow(arm).min())}


def front_raise(keypoints: FloatArray) -> dict[str, float]:
    """Measurements of a front raise.

    Args:
        keypoints: ``(T, 18, 3)`` in pixels, layout ``openpose-18``.

    Returns:
        ``back_sway``: range of the neck's horizontal offset from the hip, torso lengths;
        ``arm_height``: largest angle between torso and arm (shoulder to wrist), degrees.

    Raises:
        DataError: The clip shows too little of the body.
    """
    arm = clearer_arm(scale_by_torso(keypoints))
    height = angle_degrees(arm.shoulder - arm.hip, arm.shoulder - arm.wrist)
    return {"back_sway": _back_sway(arm), "arm_height": float(height.max())}


def shoulder_press(keypoints: FloatArray) -> dict[str, float]:
    """Measurements of a shoulder press.

    Args:
        keypoints: ``(T, 18, 3)`` in pixels, layout ``openpose-18``.

    Returns:
        ``back_sway``: range of the neck's horizontal offset from the hip, torso lengths;
        ``elbow_lead``: smallest horizontal lead of the elbow over the neck, torso lengths, positive to the
        image's right for a right arm and to its left for a left arm;
        ``open_elbow``: largest angle at the elbow, degrees.

    Raises:
        DataError: The clip shows too little of the body.
    """
    arm = clearer_arm(scale_by_torso(keypoints))
    # The side that is seen better is the one towards the camera, so it says which way the person faces.
    lead = (arm.elbow - arm.neck)[:, 0] * (1 if arm.is_right else -1)
    return {
        "back_sway": _back_sway(arm),
        "elbow_lead": float(lead.min()),
        "open_elbow": float(_elbow(arm).max()),
    }


def shoulder_shrug(keypoints: FloatArray) -> dict[str, float]:
    """Measurements of a shoulder shrug, of the frames that show both arms.

    Args:
        keypoints: ``(T, 18, 3)`` in pixels, layout ``openpose-18``.

    Returns:
        ``shoulder_travel``: range of the shoulders' height, mean of both, torso lengths;
        ``arm_bend``: largest angle between the left upper arm and the left forearm, degrees, 0 when straight.

    Raises:
        DataError: The clip shows too little of the body.
    """
    frames = complete_frames(scale_by_torso(keypoints), _BOTH_ARMS)
    if not len(frames):
        raise DataError(
            "No frame of the clip shows both arms.",
            expected="at least one frame with both shoulders, elbows and wrists",
            found="none",
            remedy="Leave the clip out, or rerun the pose estimator on it.",
        )
    shoulder, elbow, wrist = frames.swapaxes(0, 1)[:3]
    # Ranges first, then the mean: shoulders that rise in turn would cancel otherwise.
    travel = np.ptp(frames[:, [0, 3], 1], axis=0).mean()
    bend = angle_degrees(shoulder - elbow, elbow - wrist)
    return {"shoulder_travel": float(travel), "arm_bend": float(bend.max())}


MEASUREMENTS: Mapping[str, Callable[[FloatArray], dict[str, float]]] = {
    "bicep-curl": bicep_curl,
    "front-raise": front_raise,
    "shoulder-press": shoulder_press,
    "shoulder-shrug": shoulder_shrug,
}
"""Measuring function of every exercise that has rules."""


def _elbow(arm: Arm) -> npt.NDArray[np.float64]:
    return angle_degrees(arm.shoulder - arm.elbow, arm.wrist - arm.elbow)


def _back_sway(arm: Arm) -> float:
    return float(np.ptp((arm.neck - arm.hip)[:, 0]))
