"""Frames of a sample as image networks take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import Indices, uniform

__all__ = ["FrameSpec", "centred", "frame_indices", "read_frames"]

PicturesT = TypeVar("PicturesT", UInt8Array, torch.Tensor)

_MIN_SIDE = 8


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """Which frames are read, and at which size.

    The paper squashes frames to 320 pixels per side and cuts the central 224 out.

    Attributes:
        frames: Frames per clip, spread evenly; all of them where None.
        resize: Side in pixels to which whole frames are squashed.
        crop: Side of the central square that is kept; the whole frame where None.
        margin: Whether what lies around the square is read with it, for an augmentation that moves
            pictures: it crops them afterwards.
    """

    frames: int | None = None
    resize: int = 320
    crop: int | None = 224
    margin: bool = False

    def __post_init__(self) -> None:
        crop = self.resize if self.crop is None else self.crop
        if not _MIN_SIDE <= crop <= self.resize or (self.frames is not None and self.frames < 1):
            raise RecipeError(
                "The requested frames do not exist.",
                expected=f"at least 1 frame, and {_MIN_SIDE} <= crop <= resize",
                found=f"frames {self.frames}, crop {self.crop}, resize {self.resize}",
            )

    @property
    def side(self) -> int:
        """Side of the frames that are read, in pixels."""
        return self.resize if self.margin else self.shown

    @property
    def shown(self) -> int:
        """Side of what a network sees of them, in pixels."""
        return self.resize if self.crop is None else self.crop

    def augmented_by(self, name: str) -> FrameSpec:
        """These frames as the augmentation of this name takes them."""
        return replace(self, margin=name != "none" and self.shown < self.resize)

    def document(self) -> dict[str, int | None]:
        """What is read, as JSON, for the keys of caches."""
        return {"frames": self.frames, "resize": self.resize, "crop": None if self.margin else self.crop}


def frame_indices(sample: Sample, spec: FrameSpec) -> Indices:
    """Numbers of the frames that :func:`read_frames` reads; 0 for a still image."""
    length = sample.media.length if Modality.FRAMES in sample.media.provides else 1
    return np.arange(length, dtype=np.int64) if spec.frames is None else uniform(length, spec.frames)


def read_frames(sample: Sample, spec: FrameSpec, indices: Indices | None = None) -> UInt8Array:
    """Frames of a clip, or a still image as a clip of one frame.

    Args:
        sample: What to read.
        spec: Which frames, and their size.
        indices: Other frame numbers than those of ``spec``.

    Returns:
        ``(T, side, side, 3)`` RGB.

    Raises:
        DataError: The sample has neither frames nor an image, or they cannot be read.
    """
    media, size = sample.media, spec.resize
    still = Modality.FRAMES not in media.provides
    if still:
        indices = np.zeros(1, np.int64)
    elif indices is None:
        indices = frame_indices(sample, spec)
    if still and Modality.IMAGE not in media.provides:
        raise DataError(
            "An image method needs pictures, but these samples have none.",
            expected=f"{Modality.FRAMES} or {Modality.IMAGE}",
            found=", ".join(sorted(media.provides)) or "nothing",
            remedy="Choose a method whose needs this dataset meets (aqa-bench list methods).",
        )
    images = media.image(size)[None] if still else media.frames(indices.tolist(), size)
    return centred(images, spec.side)


def centred(images: PicturesT, side: int) -> PicturesT:
    """The central square of decoded frames, an array or a tensor ``(..., H, W, 3)``."""
    # The same square for every frame: a crop that followed the person would hide their travel.
    top, left = ((length - side) // 2 for length in images.shape[-3:-1])
    return images[..., top : top + side, left : left + side, :]
