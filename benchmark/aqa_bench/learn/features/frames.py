"""Frames of a sample as image networks take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from aqa_bench.core.errors import DataError, MethodError, RecipeError
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import Indices, uniform

__all__ = ["FrameSpec", "Regions", "centred", "frame_indices", "read_frames"]

PicturesT = TypeVar("PicturesT", UInt8Array, torch.Tensor)

_MIN_SIDE = 8


class Regions(Protocol):
    """Finds the part of the picture to look at, e.g. the lifter."""

    @property
    def name(self) -> str:
        """What tells these regions from others, for the keys of caches."""
        ...

    def __call__(self, sample: Sample, indices: Indices) -> npt.NDArray[np.floating[Any]]:
        """One region per clip ``(4,)``, or one per frame ``(T, 4)``.

        Returns:
            Left, top, right and bottom, as shares of the picture's width and height.
        """
        ...


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """Which frames are read, and at which size.

    The paper squashes frames to 320 pixels per side and cuts the central 224 out.

    Attributes:
        frames: Frames per clip, spread evenly; all of them where None.
        resize: Side in pixels to which whole frames are squashed.
        crop: Side of the central square that is kept; the whole frame where None. Regions are
            resized to this side, whole.
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
                "The frames asked for do not exist.",
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


def read_frames(
    sample: Sample, spec: FrameSpec, regions: Regions | None = None, indices: Indices | None = None
) -> UInt8Array:
    """Frames of a clip, or a still image as a clip of one frame.

    Args:
        sample: What to read.
        spec: Which frames, and their size.
        regions: Where to look; the whole picture where None.
        indices: Other frame numbers than those of ``spec``.

    Returns:
        ``(T, side, side, 3)`` RGB.

    Raises:
        DataError: The sample has neither frames nor an image, or they cannot be read.
        MethodError: Regions have the wrong shape.
    """
    media, size = sample.media, None if regions is not None else spec.resize
    still = Modality.FRAMES not in media.provides
    if still:
        indices = np.zeros(1, np.int64)
    elif indices is None:
        indices = frame_indices(sample, spec)
    if still and Modality.IMAGE not in media.provides:
        raise DataError(
            "An image method needs pictures, and these samples have none.",
            expected=f"{Modality.FRAMES} or {Modality.IMAGE}",
            found=", ".join(sorted(media.provides)) or "nothing",
            remedy="Choose a method whose needs this dataset meets (aqa-bench list methods).",
        )
    images = media.image(size)[None] if still else media.frames(indices.tolist(), size)
    if regions is not None:
        return _cut(images, np.asarray(regions(sample, indices), np.float64), spec.side)
    return centred(images, spec.side)


def centred(images: PicturesT, side: int) -> PicturesT:
    """The central square of decoded frames, an array or a tensor ``(..., H, W, 3)``."""
    # The same square for every frame: a crop that followed the person would hide their travel.
    top, left = ((length - side) // 2 for length in images.shape[-3:-1])
    return images[..., top : top + side, left : left + side, :]


def _cut(images: UInt8Array, boxes: npt.NDArray[np.float64], side: int) -> UInt8Array:
    count, height, width, _ = images.shape
    if boxes.shape not in ((4,), (count, 4)) or not np.isfinite(boxes).all():
        raise MethodError(
            "Regions do not fit the frames.",
            expected=f"finite, (4,) or ({count}, 4)",
            found=boxes.shape,
        )
    shared = boxes.ndim == 1
    cuts = []
    for number, box in enumerate(np.atleast_2d(boxes)):
        x0, y0, x1, y1 = np.clip(box, 0, 1) * (width, height, width, height)
        # Rounded outwards and at least a pixel wide: an empty region cannot be resized.
        left, top = min(int(x0), width - 1), min(int(y0), height - 1)
        right, bottom = max(int(np.ceil(x1)), left + 1), max(int(np.ceil(y1)), top + 1)
        # A region that all frames share is cut and resized once, in place of once per frame.
        group = images if shared else images[number : number + 1]
        part = torch.from_numpy(np.ascontiguousarray(group[:, top:bottom, left:right]))
        resized = F.interpolate(
            part.permute(0, 3, 1, 2).float(), (side, side), mode="bilinear", antialias=True
        )
        cuts.append(resized.round_().clamp_(0, 255).byte().permute(0, 2, 3, 1))
    return torch.cat(cuts).contiguous().numpy()
