"""What is left of a clip without the person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import Media, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.learn.features.altered import AlteredClip
from aqa_bench.media.clips import uniform

__all__ = ["MedianFrame", "WithoutPerson", "hidden_box"]

_LAYOUT = "openpose-18"
_MARGIN = 0.1
_GREY = 128
_MEDIAN_OF = 31


def hidden_box(clip: Media) -> npt.NDArray[np.float64]:
    """The box that hides whatever moves: one for the whole clip, so that it does not move with the person.

    It holds every joint that is seen in any frame, and the barbell where its boxes are known, with a
    margin of a tenth of its longer side for head, hands and feet.

    Args:
        clip: A clip with keypoints.

    Returns:
        ``(4,)``: left, top, right and bottom as shares of the picture; all of it where nobody is seen.
    """
    keypoints = clip.keypoints(_LAYOUT)
    seen = keypoints[(keypoints[..., 2] > 0) & np.isfinite(keypoints).all(axis=-1)][:, :2]
    corners = [seen]
    if Modality.BAR_BOXES in clip.provides:
        boxes = clip.bar_boxes()
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        corners += [boxes[:, :2], boxes[:, 2:]]
    points = np.concatenate(corners).astype(np.float64)
    # Nobody is seen, so nothing says where the person is; all of the picture is hidden to be safe.
    if not len(seen):
        return np.array([0.0, 0.0, 1.0, 1.0])
    low, high = points.min(axis=0), points.max(axis=0)
    # Joints end at wrists, ankles and ears; hands, feet and the top of the head stick out.
    margin = _MARGIN * float((high - low).max())
    height, width = clip.frames([0]).shape[1:3]
    box = np.concatenate([low - margin, high + margin]) / (width, height, width, height)
    return np.clip(box, 0, 1)


class WithoutPerson(AlteredClip):
    """A clip with a grey box over the person and the bar.

    Args:
        clip: The clip's own media, with keypoints.
    """

    def __init__(self, clip: Media) -> None:
        # Kept by the box itself: who finds such features has asked for the joints behind them.
        self._box = hidden_box(clip)
        super().__init__(clip, f"box {np.round(self._box, 4).tolist()}")

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` RGB."""
        images = self.clip.frames(indices, size).copy()
        height, width = images.shape[1:3]
        x1, y1, x2, y2 = self._box * (width, height, width, height)
        images[:, int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] = _GREY
        return images


class MedianFrame(AlteredClip):
    """The median over time of up to 31 frames, as a clip of one frame: what a fixed camera sees most.

    Args:
        clip: The clip's own media.
    """

    def __init__(self, clip: Media) -> None:
        super().__init__(clip, f"median of {_MEDIAN_OF}")

    @property
    def length(self) -> int:
        """1."""
        return 1

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """The median, as often as frames are asked for: ``(T, H, W, 3)`` RGB."""
        length = self.clip.length
        images = self.clip.frames(np.unique(uniform(length, _MEDIAN_OF)).tolist(), size)
        # Whatever covers a pixel for less than half of the frames drops out.
        median = np.median(images, axis=0).round().astype(np.uint8)
        return np.repeat(median[None], 1 if indices is None else len(indices), axis=0)
