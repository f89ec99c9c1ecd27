"""Parts of a lifter that can be looked at, and their boxes."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import find_layout
from aqa_bench.media.pose.box import person_box

__all__ = ["LAYOUT", "PARTS", "Part", "box_of_clip", "joints_box", "joints_of"]

Part = Literal["person", "legs"]
PARTS: tuple[Part, ...] = get_args(Part)
LAYOUT = "coco-17"
_LEGS = ("hip", "knee", "ankle")
_MARGIN = 0.1
_KEPT = (10, 90)


def joints_of(part: Part) -> list[int]:
    """Places in ``coco-17`` of the joints of a part."""
    names = find_layout(LAYOUT).joints
    return [i for i, name in enumerate(names) if part == "person" or name.endswith(_LEGS)]


def joints_box(keypoints: FloatArray, part: Part) -> npt.NDArray[np.float64]:
    """The box of a clip around joints that somebody found.

    Args:
        keypoints: ``(T, 17, 3)`` in the layout coco-17: x, y in pixels and confidence.
        part: What to look at.

    Returns:
        ``(4,)``: left, top, right and bottom of a square in pixels; it may reach outside the picture.

    Raises:
        DataError: No joint of the part was found.
    """
    return person_box(keypoints[:, joints_of(part)], margin=_MARGIN).astype(np.float64)


def box_of_clip(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The box of a clip from boxes of its frames, so that the picture does not move with the lifter.

    A tenth of the frames may be wrong on every side.

    Args:
        boxes: ``(T, 4)``: left, top, right and bottom.

    Returns:
        ``(4,)``: a square with a margin of a tenth of its content's longer side, as :func:`joints_box` has.

    Raises:
        DataError: There is no frame.
    """
    if not len(boxes):
        raise DataError(
            "The clip has no frames, so it shows no lifter.", expected="at least one frame", found="none"
        )
    low = np.percentile(boxes[:, :2], _KEPT[0], axis=0)
    high = np.percentile(boxes[:, 2:], _KEPT[1], axis=0)
    centre, half = (low + high) / 2, float((high - low).max()) * (0.5 + _MARGIN)
    return np.concatenate([centre - half, centre + half])
