"""Temporal distance matrix: pose as the distances between joints (Ogata et al., CVPR Workshops 2019)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqa_bench.core.errors import DataError

__all__ = ["temporal_distance_matrix"]


def temporal_distance_matrix(keypoints: NDArray[Any]) -> NDArray[np.float32]:
    """Euclidean distances between all pairs of joints, frame by frame.

    The distances do not change when the body is moved, turned or mirrored. They do scale with it:
    normalise limb or torso lengths beforehand. A missing joint (NaN) makes its own pairs NaN.

    Args:
        keypoints: ``(T, V, 2)`` or ``(T, V, 3)`` coordinates, without confidence.

    Returns:
        ``(T, V (V - 1) / 2)``: the upper triangle row by row, pairs ``i < j``.

    Raises:
        DataError: The array has another shape.

    Example:
        >>> temporal_distance_matrix(np.array([[[0, 0], [3, 4], [0, 1]]])).tolist()
        [[5.0, 1.0, 4.242640495300293]]
    """
    points = np.asarray(keypoints)
    if points.ndim != 3 or points.shape[1] < 2 or points.shape[2] not in (2, 3):
        raise DataError(
            "The keypoints do not have the shape that distances need.",
            expected="(T, V, 2) or (T, V, 3) with at least two joints",
            found=points.shape,
            remedy="Drop the confidence channel and stack the frames of one person.",
        )
    dtype = np.float64 if points.dtype == np.float64 else np.float32
    first, second = _pairs(points.shape[1])
    # Axis by axis over contiguous rows, in place: an array (T, pairs, 2) is never made.
    axes = np.ascontiguousarray(points.transpose(2, 0, 1), dtype=dtype)
    squares = np.zeros((len(points), len(first)), dtype=dtype)
    for axis in axes:
        difference = axis.take(first, axis=1)
        difference -= axis.take(second, axis=1)
        difference *= difference
        squares += difference
    return np.sqrt(squares, out=squares).astype(np.float32, copy=False)


@lru_cache(maxsize=32)
def _pairs(n_joints: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(n_joints, k=1)
