"""Body geometry on OpenPose's 18 keypoints, as Pose Trainer measures it (Chen and Yang, 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray

__all__ = ["LAYOUT", "Arm", "Joint", "angle_degrees", "clearer_arm", "complete_frames", "scale_by_torso"]

LAYOUT = "openpose-18"
"""Name of the joint order that this module reads."""


class Joint(IntEnum):
    """The joints used, by their index in the layout; sides are the person's own."""

    NECK = 1
    RIGHT_SHOULDER = 2
    RIGHT_ELBOW = 3
    RIGHT_WRIST = 4
    LEFT_SHOULDER = 5
    LEFT_ELBOW = 6
    LEFT_WRIST = 7
    RIGHT_HIP = 8
    LEFT_HIP = 11


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm with its hip and the neck, in the frames that show all five.

    Attributes:
        is_right: Whether it is the person's right arm.
        shoulder: ``(F, 2)`` float64, torso lengths; y points down. The other four alike.
        elbow: See ``shoulder``.
        wrist: See ``shoulder``.
        hip: See ``shoulder``.
        neck: See ``shoulder``.
    """

    is_right: bool
    shoulder: npt.NDArray[np.float64]
    elbow: npt.NDArray[np.float64]
    wrist: npt.NDArray[np.float64]
    hip: npt.NDArray[np.float64]
    neck: npt.NDArray[np.float64]


_RIGHT = (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST)
_LEFT = (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST)


def scale_by_torso(keypoints: FloatArray) -> npt.NDArray[np.float64]:
    """Express positions in torso lengths.

    The torso length is the mean distance between neck and hip, over the frames that show them and over both
    hips together.

    Args:
        keypoints: ``(T, 18, 3)``: x and y in pixels, confidence; a joint is missing where confidence is 0.

    Returns:
        ``(T, 18, 3)`` float64: x and y in torso lengths, confidence as it was.

    Raises:
        DataError: The shape is another, or no frame shows the neck and a hip apart.
    """
    if keypoints.ndim != 3 or keypoints.shape[1:] != (18, 3):
        raise DataError(
            "Keypoints do not have the expected shape.", expected="(T, 18, 3)", found=keypoints.shape
        )
    scaled = keypoints.astype(np.float64)
    seen = [complete_frames(scaled, (Joint.NECK, hip)) for hip in (Joint.LEFT_HIP, Joint.RIGHT_HIP)]
    lengths = np.concatenate([np.linalg.norm(frames[:, 0] - frames[:, 1], axis=-1) for frames in seen])
    if not lengths.any():
        raise DataError(
            "The torso cannot be measured.",
            expected="at least one frame that shows the neck and a hip",
            found="none",
            remedy="Leave the clip out, or rerun the pose estimator on it.",
        )
    scaled[..., :2] /= lengths.mean()
    return scaled


def complete_frames(keypoints: FloatArray, joints: tuple[Joint, ...]) -> FloatArray:
    """Positions of some joints in the frames that show all of them.

    Args:
        keypoints: ``(T, 18, 3)``; a joint is missing where confidence is 0.
        joints: The joints wanted.

    Returns:
        ``(F, len(joints), 2)``, F <= T.
    """
    chosen = keypoints[:, joints]
    return chosen[(chosen[..., 2] != 0).all(axis=1), :, :2]


def clearer_arm(keypoints: npt.NDArray[np.float64]) -> Arm:
    """The arm whose shoulder, elbow and wrist are seen together in more frames; the left one in a tie.

    Args:
        keypoints: ``(T, 18, 3)`` float64 from :func:`scale_by_torso`.

    Raises:
        DataError: No frame shows that arm together with its hip and the neck.
    """
    is_right = len(complete_frames(keypoints, _RIGHT)) > len(complete_frames(keypoints, _LEFT))
    joints = (*_RIGHT, Joint.RIGHT_HIP, Joint.NECK) if is_right else (*_LEFT, Joint.LEFT_HIP, Joint.NECK)
    frames = complete_frames(keypoints, joints)
    if not len(frames):
        raise DataError(
            "No frame of the clip shows a whole arm.",
            expected="at least one frame with shoulder, elbow, wrist and hip of one side, and the neck",
            found=f"none for the {'right' if is_right else 'left'} side",
            remedy="Leave the clip out, or rerun the pose estimator on it.",
        )
    shoulder, elbow, wrist, hip, neck = frames.swapaxes(0, 1)
    return Arm(is_right, shoulder, elbow, wrist, hip, neck)


def angle_degrees(first: FloatArray, second: FloatArray) -> npt.NDArray[np.float64]:
    """Unsigned angle between vectors, frame by frame.

    Args:
        first: ``(F, 2)``.
        second: ``(F, 2)``.

    Returns:
        ``(F,)`` float64 in [0, 180]; 0 where a vector has no length.

    Example:
        >>> angle_degrees(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [-1.0, 0.0]])).tolist()
        [90.0, 180.0]
    """
    cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    angles: npt.NDArray[np.float64] = np.degrees(np.arctan2(np.abs(cross), (first * second).sum(axis=1)))
    return angles
