"""Joints in space as seen from the front: what methods on keypoints look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import Layout, find_layout, missing

__all__ = ["front_view"]

_ACROSS = (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder"))
_LOW = ("ankle", "knee", "hip")
_HIGH = ("shoulder", "hip")


def front_view(joints: FloatArray, layout: str) -> FloatArray:
    """A clip's joints drawn on the plane of its body.

    The plane is one for the whole clip: across is from the right hip to the left (shoulders where there are
    no hips), up from the lowest of ankles, knees and hips to the highest of shoulders and hips, each the
    mean over the clip. Depth is lost.

    Args:
        joints: ``(T, V, 4)``: x, y, z in one unit and confidence, 0 where missing; any axis may be up.
        layout: Name of the joint order.

    Returns:
        ``(T, V, 3)`` float32: x to the viewer's right (the person's left), y down, in the unit of the joints,
        and confidence; all zero where missing. Where the clip shows no such body, x and y are those of the
        file.
    """
    points = joints[..., :3].astype(np.float64)
    points[missing(joints)] = np.nan
    at = find_layout(layout)
    right = next(
        (d for left, other in _ACROSS if (d := _between(points, at, (other,), (left,))) is not None), None
    )
    low, high = _pair(points, at, _LOW), _pair(points, at, _HIGH)
    up = None if low is None or high is None else _mean(high - low)
    result = np.zeros((*joints.shape[:2], 3), np.float32)
    seen = ~missing(joints)
    flat = points[..., :2]
    if right is not None and up is not None:
        across = _unit(right)
        upward = _unit(up - (up @ across) * across)
        if across.any() and upward.any():
            flat = np.stack([points @ across, -(points @ upward)], axis=-1)
    result[..., :2][seen] = flat[seen]
    result[..., 2] = np.where(seen, joints[..., 3], 0)
    return result


def _place(points: npt.NDArray[np.float64], at: Layout, name: str) -> npt.NDArray[np.float64] | None:
    if name not in at.joints:
        return None
    place = points[:, at.index(name)]
    return place if np.isfinite(place).all(axis=1).any() else None


def _between(
    points: npt.NDArray[np.float64], at: Layout, start: tuple[str], end: tuple[str]
) -> npt.NDArray[np.float64] | None:
    first, last = _place(points, at, *start), _place(points, at, *end)
    return None if first is None or last is None else _mean(last - first)


def _pair(
    points: npt.NDArray[np.float64], at: Layout, parts: tuple[str, ...]
) -> npt.NDArray[np.float64] | None:
    """Where the first part that a clip shows on both sides is: between the two."""
    for part in parts:
        sides = [_place(points, at, f"{side}_{part}") for side in ("left", "right")]
        if sides[0] is not None and sides[1] is not None:
            return np.asarray((sides[0] + sides[1]) / 2)
    return None


def _mean(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    whole = vectors[np.isfinite(vectors).all(axis=1)]
    return np.mean(whole, axis=0) if len(whole) else None


def _unit(vector: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.zeros(3)
