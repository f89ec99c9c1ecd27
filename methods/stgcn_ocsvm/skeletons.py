"""Keypoints in the form that ST-GCN was trained on."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from aqa_bench.media.clips import pad_time
from aqa_bench.media.layouts import find_layout, missing
from aqa_bench.media.torso import torso_length

__all__ = ["LAYOUT", "skeleton_input"]

LAYOUT = "openpose-18"
_TORSO = ("neck", "right_hip", "left_hip")


def skeleton_input(
    keypoints: npt.NDArray[np.floating[Any]], frames: int, fit: Literal["pad", "resample"], torso: float
) -> npt.NDArray[np.float32]:
    """A clip as Kinetics-Skeleton has it: x and y as shares of the picture, minus 0.5, and confidence.

    The size of the picture is not known, so that the person is put into one: the clip's median torso
    becomes ``torso`` of its side, and the median place of neck and hips its middle. Both axes are scaled
    alike and all frames in the same way, so that travel and range of motion are kept.

    Args:
        keypoints: ``(T, 18, 3)`` in layout openpose-18; x, y in pixels and confidence, 0 where missing.
        frames: Frames wanted.
        fit: ``resample`` takes the nearest frames, evenly spread over the clip (joints are never mixed
            with missing ones); ``pad`` adds zeros at the end and cuts a longer clip to its middle.
        torso: Length of the torso in the picture.

    Returns:
        ``(3, frames, 18, 1)`` float32; all three channels are 0 where a joint is missing.

    Raises:
        DataError: The keypoints have another shape.
    """
    length = torso_length(keypoints, LAYOUT)
    absent = missing(keypoints)
    result = np.zeros(keypoints.shape, dtype=np.float32)
    if length is not None:
        points = keypoints[..., :2].astype(np.float64)
        result[..., :2] = (points - _middle(points, ~absent)) * (torso / length)
        result[..., 2] = keypoints[..., 2]
    # Last, since the shift has moved missing joints away from 0, which is how the network knows them.
    result[absent] = 0
    return np.ascontiguousarray(_fitted(result, frames, fit).transpose(2, 0, 1)[..., None])


def _middle(points: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Median place of neck and hips ``(2,)``, or of all joints where these are never seen."""
    order = find_layout(LAYOUT)
    columns = [order.index(joint) for joint in _TORSO]
    visible = seen[:, columns]
    chosen = points[:, columns][visible] if visible.any() else points[seen]
    return np.asarray(np.median(chosen, axis=0))


def _fitted(
    clip: npt.NDArray[np.float32], frames: int, fit: Literal["pad", "resample"]
) -> npt.NDArray[np.float32]:
    if fit == "resample":
        # The nearest frame, not a mix: halfway between a joint and a missing one,
        # which is 0, there is no joint.
        nearest = np.rint(np.linspace(0, len(clip) - 1, frames)).astype(np.intp)
        return clip[nearest]
    start = max(len(clip) - frames, 0) // 2
    return pad_time(clip[start : start + frames], frames).astype(np.float32, copy=False)
