"""Positions from distances: classical multidimensional scaling, and a view of the body to put them in.

Distances know neither where a body is nor how it is turned, and a body and its mirror image have the
same ones. Which of the two it is, is settled by anatomy: a nose is in front of the ears.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.media.layouts import find_layout

__all__ = ["condensed_size", "face_viewer", "pairwise_distances", "positions_from_distances", "square_form"]

Floats = npt.NDArray[np.floating[Any]]


def condensed_size(points: int) -> int:
    """Number of distances between ``points`` points: 171 for 19."""
    return points * (points - 1) // 2


def square_form(distances: Floats) -> npt.NDArray[np.float64]:
    """Symmetric matrices of distances given as upper triangles.

    Args:
        distances: ``(..., P)``, upper triangle row by row, without the diagonal.

    Returns:
        ``(..., V, V)``, zero on the diagonal.

    Raises:
        DataError: ``P`` is not ``V (V - 1) / 2`` for any ``V`` of at least 2.
    """
    size = distances.shape[-1] if distances.ndim else 0
    points = round((1 + np.sqrt(1 + 8 * size)) / 2)
    if size == 0 or condensed_size(points) != size:
        raise DataError(
            "The number of distances does not match any number of points.",
            expected="V (V - 1) / 2 distances, e.g. 171 for 19 points",
            found=f"shape {distances.shape}",
        )
    first, second = np.triu_indices(points, k=1)
    square = np.zeros((*distances.shape[:-1], points, points))
    square[..., first, second] = square[..., second, first] = distances
    return square


def pairwise_distances(positions: Floats) -> npt.NDArray[np.float64]:
    """Distances between all pairs of points: ``(..., V, D)`` to ``(..., V (V - 1) / 2)``, row by row."""
    first, second = np.triu_indices(positions.shape[-2], k=1)
    difference = positions[..., first, :] - positions[..., second, :]
    return np.asarray(np.linalg.norm(difference.astype(np.float64), axis=-1))


def positions_from_distances(distances: Floats, dimensions: int = 3) -> npt.NDArray[np.float64]:
    """Classical multidimensional scaling (Torgerson, Psychometrika 17, 1952), frame by frame.

    Args:
        distances: ``(..., P)``, upper triangle row by row.
        dimensions: Dimensions of the space, at most the number of points.

    Returns:
        ``(..., V, dimensions)`` positions with mean zero, along their principal axes. Where the
        distances are Euclidean in that many dimensions, they are reproduced exactly; otherwise the
        positions are the best in the sense of their scalar products. Rotation and reflection are
        arbitrary in every frame: see :func:`face_viewer`.

    Raises:
        DataError: As for :func:`square_form`, or a distance is negative or not finite.

    Example:
        >>> triangle = np.array([3.0, 4.0, 5.0])
        >>> bool(np.allclose(pairwise_distances(positions_from_distances(triangle, 2)), triangle))
        True
    """
    if not np.isfinite(distances).all() or (distances < 0).any():
        raise DataError(
            "Distances cannot be negative, infinite or NaN.",
            expected="finite distances of at least 0",
            found=f"{int((~(np.isfinite(distances) & (distances >= 0))).sum())} that are not",
        )
    squared = square_form(distances) ** 2
    rows = squared.mean(axis=-1, keepdims=True)
    scalar_products = -0.5 * (
        squared - rows - rows.swapaxes(-1, -2) + squared.mean(axis=(-1, -2), keepdims=True)
    )
    values, vectors = np.linalg.eigh(scalar_products)
    largest = np.maximum(values[..., : -dimensions - 1 : -1], 0)
    return np.asarray(vectors[..., : -dimensions - 1 : -1] * np.sqrt(largest)[..., None, :])


def face_viewer(positions: Floats, layout: str) -> npt.NDArray[np.float64]:
    """Turn bodies upright and towards the viewer, each frame by itself.

    The origin is between the ankles. Up is from there to the neck: whoever stands has the weight above
    the feet, so that a trunk that leans stays seen as leaning. The hips lie along x as far as that
    allows. Of a body and its mirror image, the one whose nose is in front of its ears is taken.

    Args:
        positions: ``(T, V, 3)``, turned and reflected anyhow.
        layout: Joint order; it must have neck, nose, ears, hips and ankles.

    Returns:
        ``(T, V, 3)`` in the units of ``positions``; x to the viewer's right (the person's left), y down,
        z away from the viewer, as cameras have it. A frame whose hips or whose ankles and neck coincide
        has no such view and is all zero.

    Raises:
        DataError: The layout lacks one of the joints.
    """
    table = find_layout(layout)
    at = {
        name: positions[:, table.index(name)].astype(np.float64)
        for name in (
            *("neck", "nose", "left_ear", "right_ear"),
            *("left_hip", "right_hip", "left_ankle", "right_ankle"),
        )
    }
    feet = (at["left_ankle"] + at["right_ankle"]) / 2
    down = _unit(feet - at["neck"])
    across = at["left_hip"] - at["right_hip"]
    right = _unit(across - (across * down).sum(axis=-1, keepdims=True) * down)
    away = np.cross(right, down)
    axes = np.stack([right, down, away], axis=-1)
    turned: npt.NDArray[np.float64] = (positions - feet[:, None]) @ axes
    nose = (at["nose"] - (at["left_ear"] + at["right_ear"]) / 2)[:, None] @ axes
    turned[..., 2] *= np.where(nose[..., 2] > 0, -1.0, 1.0)
    turned[~right.any(axis=1) | ~down.any(axis=1)] = 0
    return turned


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Vectors of length 1; zeros stay zeros."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0))
