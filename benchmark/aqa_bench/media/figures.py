"""Frames made ready for figures: faces unrecognisable, all of one size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray, Media, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.faces import blur_faces

__all__ = ["figure_frames", "letterboxed"]

_LAYOUT = "coco-17"
_PAPER = 250


def figure_frames(media: Media, indices: Sequence[int], *, blur: bool = True) -> UInt8Array:
    """Frames of a clip, or a still image, at native size.

    Args:
        media: What to read.
        indices: Frame numbers; not used for a still image.
        blur: Whether faces are coarsened. Where nobody says where they are, the whole frame is.

    Returns:
        ``(T, H, W, 3)`` RGB, one frame for a still image.
    """
    if Modality.FRAMES not in media.provides:
        picture = media.image()[None]
        return blur_faces(picture) if blur else picture
    frames = media.frames(list(indices))
    return blur_faces(frames, _keypoints(media, indices), _LAYOUT) if blur else frames


def letterboxed(frame: UInt8Array, side: int) -> UInt8Array:
    """A frame in a square of paper, its proportions kept.

    Args:
        frame: ``(H, W, 3)``.
        side: Of the square, in pixels.
    """
    from PIL import Image

    height, width = frame.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    square = np.full((side, side, 3), _PAPER, np.uint8)
    resized = Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC)
    square[top : top + size[1], left : left + size[0]] = np.asarray(resized)
    return square


def _keypoints(media: Media, indices: Sequence[int]) -> FloatArray | None:
    if Modality.KEYPOINTS not in media.provides:
        return None
    try:
        return media.keypoints(_LAYOUT)[list(indices)]
    except (DataError, IndexError):
        return None
