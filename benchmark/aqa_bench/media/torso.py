"""The torso as a yardstick: how large a person is in the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.media.layouts import DERIVED, find_layout, missing

__all__ = ["torso_length"]

_BOX_DIAGONALS = 0.3


def torso_length(keypoints: npt.NDArray[np.floating[Any]], layout: str) -> float | None:
    """Median distance from the neck to the hips over a clip; both hips are pooled.

    Frames that do not show the neck and a hip are left out. Where no frame does, the torso is taken to be
    0.3 of the median diagonal of the box around the visible joints, about what it is in a standing
    person.

    Args:
        keypoints: ``(T, V, 3)``; x, y and confidence, 0 where missing; or ``(T, V, 4)`` with z before it.
        layout: Name of their joint order.

    Returns:
        The length in the unit of the coordinates, positive; None where nothing that has a size is visible.

    Raises:
        DataError: The keypoints do not fit the layout.
        UsageError: There is no such layout.

    Example:
        >>> pose = np.zeros((1, 18, 3))
        >>> pose[0, [1, 8]] = [[5, 10, 1], [5, 40, 1]]
        >>> torso_length(pose, "openpose-18")
        30.0
    """
    order = find_layout(layout)
    if keypoints.ndim != 3 or keypoints.shape[1] != len(order) or keypoints.shape[2] not in (3, 4):
        raise DataError(
            f"Keypoints do not fit layout {layout}.",
            expected=f"shape (T, {len(order)}, 3) or (T, {len(order)}, 4)",
            found=f"shape {keypoints.shape}",
            remedy="Set the layout of the keypoints.",
        )
    points = keypoints[..., :-1].astype(np.float64)
    points[missing(keypoints)] = np.nan
    parts = next(((name,) for name in ("neck", "thorax") if name in order.joints), DERIVED["neck"][0])
    neck = points[:, [order.index(part) for part in parts]].mean(axis=1)
    hips = points[:, [order.index("left_hip"), order.index("right_hip")]]
    lengths = np.linalg.norm(hips - neck[:, None], axis=2)
    seen = lengths[lengths > 0]
    if seen.size:
        return float(np.median(seen))
    boxed = points[np.isfinite(points).any(axis=(1, 2))]
    if not len(boxed):
        return None
    diagonal = np.linalg.norm(np.nanmax(boxed, axis=1) - np.nanmin(boxed, axis=1), axis=1)
    length = _BOX_DIAGONALS * float(np.median(diagonal))
    return length if length > 0 else None
