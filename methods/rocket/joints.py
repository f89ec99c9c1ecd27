"""Joint positions of a clip as time series of one length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import FloatArray, Sample
from aqa_bench.media.layouts import find_layout, missing
from aqa_bench.media.torso import torso_length

__all__ = ["joint_series", "stacked_series"]

_GRID = 1024


def stacked_series(samples: Sequence[Sample], layout: str, length: int) -> npt.NDArray[np.float64]:
    """The series of several clips: ``(n, 2 V, length)`` float64; see :func:`joint_series`."""
    series = [joint_series(sample.media.keypoints(layout), layout, length) for sample in samples]
    return np.stack(series) if series else np.empty((0, 2 * len(find_layout(layout)), length))


def joint_series(keypoints: FloatArray, layout: str, length: int) -> npt.NDArray[np.float64]:
    """Where each joint of a clip is over time, in torso lengths from where its neck usually is.

    A joint is interpolated linearly between the frames that show it and held beyond the first and last of
    them. A joint that the clip never shows stays at the origin. The duration is lost.

    Args:
        keypoints: ``(T, V, 3)``: x and y in pixels, confidence; a joint is missing where confidence is 0.
        layout: Name of their joint order.
        length: Points in time wanted, spread evenly from the first frame to the last.

    Returns:
        ``(2 V, length)`` float64, x and y of the first joint first: finite multiples of 1/1024.

    Raises:
        DataError: The keypoints do not fit the layout.
        UsageError: There is no such layout.

    Example:
        >>> pose = np.zeros((3, 18, 3))
        >>> pose[:, [1, 8]] = [[5, 10, 1], [5, 40, 1]]
        >>> pose[[0, 2], 4] = [[5, 40, 1], [35, 10, 1]]
        >>> joint_series(pose, "openpose-18", 3)[8:10].tolist()
        [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]
    """
    scale = torso_length(keypoints, layout) or 1.0
    seen = ~missing(keypoints)
    points = keypoints[..., :2].astype(np.float64)
    origin = _origin(points, seen, find_layout(layout).joints)
    times = np.linspace(0, len(points) - 1, length)
    series = np.zeros((points.shape[1], 2, length))
    for joint in np.flatnonzero(seen.any(axis=0)):
        frames = np.flatnonzero(seen[:, joint])
        for axis in (0, 1):
            series[joint, axis] = np.interp(times, frames, points[frames, joint, axis] - origin[axis])
    # On a grid every sum of a convolution is exact: features are the same on all processors, whatever the
    # order of the sums, also where an output ties with a bias, as it does while a joint rests.
    return np.round(series.reshape(-1, length) / scale * _GRID) / _GRID


def _origin(
    points: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_], joints: tuple[str, ...]
) -> npt.NDArray[np.float64]:
    """Median position of the neck where the clip shows one, else of all joints that it shows."""
    if "neck" in joints and seen[:, joints.index("neck")].any():
        neck = joints.index("neck")
        return np.asarray(np.median(points[seen[:, neck], neck], axis=0))
    return np.asarray(np.median(points[seen], axis=0)) if seen.any() else np.zeros(2)
