"""One function for every pose estimator; the estimators themselves are imported when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.media.layouts import find_layout

__all__ = ["BACKENDS", "Pose", "PoseEstimator", "check_pose", "estimate", "find_estimator", "unavailable"]

BACKENDS = {
    "mediapipe": "aqa_bench.media.pose.mediapipe_backend:MediaPipePose",
    "ultralytics": "aqa_bench.media.pose.ultralytics_backend:UltralyticsPose",
}
"""Estimators by name, and where they are implemented."""


class Pose(NamedTuple):
    """Keypoints of one person over a clip.

    Attributes:
        keypoints: ``(T, V, 3)`` float32: x, y in pixels and confidence in [0, 1]; 0 where missing.
        layout: Name of the joint order, one of :data:`aqa_bench.media.layouts.LAYOUTS`.
    """

    keypoints: FloatArray
    layout: str


class PoseEstimator(Protocol):
    """An off-the-shelf pose estimator.

    Attributes:
        layout: Name of its joint order.
        identity: What its output depends on besides the frames: library version, options, weights.
    """

    layout: str
    identity: str

    def __call__(self, frames: UInt8Array) -> FloatArray:
        """Keypoints ``(T, V, 3)`` of the main person in ``(T, H, W, 3)`` uint8 RGB frames of one clip."""
        ...


def find_estimator(backend: str, **options: Any) -> PoseEstimator:
    """Make a pose estimator.

    Args:
        backend: ``mediapipe`` or ``ultralytics``.
        **options: Options of that estimator, e.g. ``weights`` for ``ultralytics``.

    Raises:
        UsageError: There is no such estimator, it is not installed, or an option is unknown.
    """
    if backend not in BACKENDS:
        raise UsageError("Unknown pose estimator.", expected=" or ".join(BACKENDS), found=backend)
    module, _, name = BACKENDS[backend].partition(":")
    try:
        return cast(PoseEstimator, getattr(import_module(module), name)(**options))
    except TypeError as error:
        raise UsageError(f"Wrong options for the pose estimator {backend}.", found=str(error)) from error


def estimate(frames: UInt8Array, backend: str | PoseEstimator = "mediapipe", **options: Any) -> Pose:
    """Estimate the pose of the main person in every frame of a clip.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB, in order of time.
        backend: Name of an estimator, or one that :func:`find_estimator` made.
        **options: Options of the estimator, where it is given by name.

    Returns:
        Keypoints in pixels of ``frames``, and their layout. All zeros where nobody was found.

    Raises:
        UsageError: There is no such estimator, or it is not installed.
        DataError: ``frames`` are not frames.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise DataError(
            "These are not frames.", expected="(T, H, W, 3) uint8", found=f"{frames.shape} {frames.dtype}"
        )
    estimator = find_estimator(backend, **options) if isinstance(backend, str) else backend
    return check_pose(Pose(estimator(frames), estimator.layout), frames=len(frames))


def check_pose(pose: Pose, *, frames: int | None = None, where: object = None) -> Pose:
    """Check keypoints against their layout; joints that are not finite become missing.

    Args:
        pose: Keypoints in any floating type, and their layout.
        frames: Number of frames expected.
        where: What to name in an error.

    Returns:
        The same, as float32.

    Raises:
        DataError: The shape does not fit the layout or the number of frames.
    """
    keypoints = pose.keypoints
    joints = len(find_layout(pose.layout))
    if keypoints.ndim != 3 or keypoints.shape[1:] != (joints, 3) or frames not in (None, len(keypoints)):
        raise DataError(
            f"Keypoints do not fit layout {pose.layout}.",
            where=None if where is None else str(where),
            expected=f"({'T' if frames is None else frames}, {joints}, 3)",
            found=str(keypoints.shape),
        )
    with np.errstate(over="ignore"):
        result = keypoints.astype(np.float32)
    result[~np.isfinite(result).all(axis=2)] = 0
    return Pose(result, pose.layout)


def unavailable(backend: str, extra: str, error: Exception) -> UsageError:
    """The error for an estimator that is not installed."""
    return UsageError(
        f"The pose estimator {backend} is not installed.",
        expected=f"the extra {extra!r}",
        found=str(error).splitlines()[0] if str(error) else type(error).__name__,
        remedy=f'pip install "aqa-bench[{extra}]", or use keypoints from files, or the noise model.',
    )
