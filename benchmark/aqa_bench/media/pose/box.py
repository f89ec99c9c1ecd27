"""The lifter's box, from keypoints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray, UInt8Array

__all__ = ["crop", "person_box"]

_OUTLIERS = 2.0


def person_box(
    keypoints: FloatArray, *, margin: float = 0.1, square: bool = True, min_confidence: float = 0.3
) -> npt.NDArray[np.float32]:
    """One box around a person for a whole clip, so that the crop does not move with the body.

    Args:
        keypoints: ``(T, V, 3)``; x, y in pixels and confidence.
        margin: Margin on every side, as a share of the longer side.
        square: Whether the shorter side grows to the longer one.
        min_confidence: Joints of less confidence are left out. Of the others the 2% furthest out on
            every side are, since a few joints of any estimator are far off.

    Returns:
        ``(4,)`` float32: x1, y1, x2, y2 in pixels; it may reach outside the picture.

    Raises:
        DataError: No joint is confident enough.
    """
    points = keypoints[keypoints[..., 2] >= max(min_confidence, 1e-6)][:, :2]
    if not len(points):
        raise DataError(
            "Nobody was found in the clip.",
            expected=f"a joint of confidence >= {min_confidence}",
            found="none",
        )
    low, high = np.percentile(points, (_OUTLIERS, 100 - _OUTLIERS), axis=0)
    centre, sides = (low + high) / 2, high - low
    longer = max(float(sides.max()), 1.0)
    half = (np.full(2, longer) if square else np.maximum(sides, 1.0)) / 2 + margin * longer
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def crop(frames: UInt8Array, box: npt.ArrayLike) -> UInt8Array:
    """Cut a box out of frames; what lies outside the picture is black.

    Args:
        frames: ``(T, H, W, 3)`` uint8.
        box: x1, y1, x2, y2 in pixels; rounded to whole pixels, at least one per side.

    Returns:
        ``(T, h, w, 3)`` uint8, a new array.
    """
    x1, y1, x2, y2 = np.rint(np.asarray(box, dtype=np.float64)).astype(int).tolist()
    width, height = max(x2 - x1, 1), max(y2 - y1, 1)
    result = np.zeros((len(frames), height, width, 3), np.uint8)
    top, left = max(y1, 0), max(x1, 0)
    bottom, right = min(y1 + height, frames.shape[1]), min(x1 + width, frames.shape[2])
    if top < bottom and left < right:
        result[:, top - y1 : bottom - y1, left - x1 : right - x1] = frames[:, top:bottom, left:right]
    return result
