"""Flip, translation, rotation, zoom and random crops, in one resampling of the images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.learn.augment.base import draw, happens

__all__ = ["Affine", "HorizontalFlip", "RandomResizedCrop"]


@dataclass(frozen=True, slots=True)
class HorizontalFlip:
    """Mirrors clips left to right.

    Attributes:
        p: Probability.
    """

    p: float = 0.5

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.base.Augmentation`."""
        chosen = happens(len(clips), self.p, generator).nonzero().flatten().to(clips.device)
        clips[chosen] = clips[chosen].flip(-1)
        return clips


@dataclass(frozen=True, slots=True)
class Affine:
    """Mirroring, translation, rotation and zoom about the centre, each with a probability of its own.

    What comes into view beyond the border is black.

    Attributes:
        translation: Largest shift along either axis, in image sides (10 pixels of 320 are 1/32).
        rotation: Largest angle in degrees, either way.
        zoom: Range of the magnification.
        p: Probability of each of the three.
        flip: Probability of mirroring left to right.
    """

    translation: float = 10 / 320
    rotation: float = 20.0
    zoom: tuple[float, float] = (0.8, 1.2)
    p: float = 0.5
    flip: float = 0.5

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.base.Augmentation`."""
        count, aspect = len(clips), clips.shape[-2] / clips.shape[-1]
        # The grid spans -1..1, twice an image side.
        shift = 2 * draw((count, 2), -self.translation, self.translation, generator)
        shift *= happens(count, self.p, generator)[:, None]
        angle = draw((count,), -self.rotation, self.rotation, generator) * (math.pi / 180)
        angle *= happens(count, self.p, generator)
        zoom = draw((count,), *self.zoom, generator)
        zoom = torch.where(happens(count, self.p, generator), zoom, 1.0)
        mirror = 1 - 2 * happens(count, self.flip, generator).float()
        cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
        linear = torch.stack([cos * mirror, sin * aspect * mirror, -sin / aspect, cos], dim=1)
        linear = linear.view(count, 2, 2)
        return _resample(clips, linear, -(linear @ shift[:, :, None])[..., 0], "zeros")


@dataclass(frozen=True, slots=True)
class RandomResizedCrop:
    """A crop of random area and aspect ratio, stretched to the size of the images.

    Attributes:
        scale: Range of the crop's share of the area.
        ratio: Range of its aspect ratio, drawn evenly on a logarithmic scale.
        flip: Probability of mirroring left to right.
    """

    scale: tuple[float, float] = (0.2, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.base.Augmentation`."""
        count = len(clips)
        area = draw((count,), *self.scale, generator)
        ratio = draw((count,), math.log(self.ratio[0]), math.log(self.ratio[1]), generator).exp()
        sides = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1).clamp_max(1)
        centres = draw((count, 2), -1, 1, generator) * (1 - sides)
        sides[:, 0] *= 1 - 2 * happens(count, self.flip, generator).float()
        return _resample(clips, torch.diag_embed(sides), centres, "border")


def _resample(clips: Tensor, linear: Tensor, offset: Tensor, padding: str) -> Tensor:
    """Read clips at positions ``linear @ (x, y) + offset``; the frames of a clip act as channels."""
    n, t, c, h, w = clips.shape
    linear, offset = linear.to(clips), offset.to(clips)
    # Pixel centres. torch's own affine_grid takes as long on a CPU as the sampling itself.
    x = (torch.arange(w, device=clips.device, dtype=clips.dtype) * 2 + (1 - w)) / w
    y = (torch.arange(h, device=clips.device, dtype=clips.dtype) * 2 + (1 - h)) / h
    columns = linear[:, :, 0, None] * x
    rows = torch.addcmul(offset[:, :, None], linear[:, :, 1, None], y)
    grid = (rows[:, :, :, None] + columns[:, :, None, :]).permute(0, 2, 3, 1)
    flat = clips.reshape(n, t * c, h, w)
    return F.grid_sample(flat, grid, padding_mode=padding, align_corners=False).view(n, t, c, h, w)
