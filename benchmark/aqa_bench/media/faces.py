"""Faces made unrecognisable, for figures that leave the machine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.media.layouts import find_layout

__all__ = ["blur_faces"]

_HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head_top")
_BLOCKS = 24
_MARGIN = 1.6


def blur_faces(
    frames: UInt8Array, keypoints: FloatArray | None = None, layout: str | None = None
) -> UInt8Array:
    """Coarsen heads to blocks; without keypoints the whole frame, since nobody says where faces are.

    Args:
        frames: ``(T, H, W, 3)`` RGB.
        keypoints: ``(T, V, 3)`` in pixels of the frames, or None.
        layout: Joint order of the keypoints.

    Returns:
        New frames of the same shape. A frame without a visible head joint is coarsened as a whole.
    """
    height, width = frames.shape[1:3]
    everything = (0, 0, width, height)
    blurred = frames.copy()
    for t, frame in enumerate(blurred):
        box = (
            everything if keypoints is None or layout is None else _head(keypoints[t], layout, height, width)
        )
        _coarsen(frame, box or everything)
    return blurred


def _head(points: FloatArray, layout: str, height: int, width: int) -> tuple[int, int, int, int] | None:
    joints = find_layout(layout).joints
    seen = [points[joints.index(name)] for name in _HEAD if name in joints]
    visible = np.array([p[:2] for p in seen if p[2] > 0])
    body = points[points[:, 2] > 0, :2]
    if not len(visible):
        return None
    # A head is about an eighth of a standing body; joints of the face span less than half of it.
    radius = _MARGIN * max(float(np.ptp(visible, axis=0).max()), float(np.ptp(body, axis=0).max()) / 10)
    left, top = np.floor(visible.mean(axis=0) - radius).astype(int)
    right, bottom = np.ceil(visible.mean(axis=0) + radius).astype(int)
    return max(0, left), max(0, top), min(width, right), min(height, bottom)


def _coarsen(frame: npt.NDArray[np.uint8], box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    side = max(2, max(right - left, bottom - top) // (_BLOCKS if box[2:] == frame.shape[1::-1] else 4))
    for y in range(top, bottom, side):
        for x in range(left, right, side):
            block = frame[y : min(y + side, bottom), x : min(x + side, right)]
            block[...] = block.reshape(-1, 3).mean(axis=0).astype(np.uint8)
