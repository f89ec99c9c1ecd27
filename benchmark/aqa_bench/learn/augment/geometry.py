"""Where things are in pictures, and which parts are seen: mirrored, moved, cropped, masked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.learn.augment.transform import Draws, draw, happens

__all__ = ["Affine", "CentreCrop", "HorizontalFlip", "RandomResizedCrop", "SquareMasks", "TopMask"]


@dataclass(frozen=True, slots=True)
class HorizontalFlip:
    """Mirrors clips left to right.

    Attributes:
        p: Probability.
    """

    p: float = 0.5

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        return (happens(count, self.p, generator).nonzero().flatten(),)

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        (chosen,) = drawn
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

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        # The grid spans -1..1, twice an image side.
        shift = 2 * draw((count, 2), -self.translation, self.translation, generator)
        shift *= happens(count, self.p, generator)[:, None]
        angle = draw((count,), -self.rotation, self.rotation, generator) * (math.pi / 180)
        angle *= happens(count, self.p, generator)
        zoom = draw((count,), *self.zoom, generator)
        zoom = torch.where(happens(count, self.p, generator), zoom, 1.0)
        mirror = 1 - 2 * happens(count, self.flip, generator).float()
        cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
        linear = torch.stack([cos * mirror, sin * mirror, -sin, cos], dim=1)
        return linear.view(count, 2, 2), shift

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        (linear, shift), (height, width) = drawn, clips.shape[-2:]
        if height != width:
            # Turned by an angle of the picture, not of the square that the grid makes of it.
            linear = linear.clone()
            linear[:, 0, 1] *= height / width
            linear[:, 1, 0] /= height / width
        return _resample(clips, linear, -(linear @ shift[:, :, None])[..., 0], "zeros")


@dataclass(frozen=True, slots=True)
class RandomResizedCrop:
    """A crop of random area and aspect ratio, stretched to one size.

    Attributes:
        scale: Range of the crop's share of the area.
        ratio: Range of its aspect ratio, drawn evenly on a logarithmic scale.
        flip: Probability of mirroring left to right.
        side: Side of the square that crops are stretched to, in pixels; the size of the images where None.
    """

    scale: tuple[float, float] = (0.2, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5
    side: int | None = None

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        area = draw((count,), *self.scale, generator)
        ratio = draw((count,), math.log(self.ratio[0]), math.log(self.ratio[1]), generator).exp()
        sides = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1).clamp_max(1)
        centres = draw((count, 2), -1, 1, generator) * (1 - sides)
        sides[:, 0] *= 1 - 2 * happens(count, self.flip, generator).float()
        return torch.diag_embed(sides), centres

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        linear, centres = drawn
        return _resample(clips, linear, centres, "border", self.side)


@dataclass(frozen=True, slots=True)
class CentreCrop:
    """The central square, as methods without augmentation read it.

    It comes after what moves pictures, so that what lies around the square moves into it, and not black.

    Attributes:
        side: Its side in pixels.
    """

    side: int

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """None; see :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        return ()

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """The square of each frame.

        Raises:
            DataError: The frames are smaller.
        """
        height, width = clips.shape[-2:]
        if min(height, width) < self.side:
            raise DataError(
                "The square to crop is larger than the frames.",
                expected=f"frames of at least {self.side} pixels",
                found=f"{width} x {height}",
            )
        top, left = (height - self.side) // 2, (width - self.side) // 2
        return clips[..., top : top + self.side, left : left + self.side].contiguous()


def _resample(clips: Tensor, linear: Tensor, offset: Tensor, padding: str, side: int | None = None) -> Tensor:
    """Read clips at positions ``linear @ (x, y) + offset``; the frames of a clip act as channels."""
    n, t, c, *size = clips.shape
    h, w = size if side is None else (side, side)
    linear, offset = linear.to(clips), offset.to(clips)
    # Pixel centres. torch's own affine_grid takes as long on a CPU as the sampling itself.
    x = (torch.arange(w, device=clips.device, dtype=clips.dtype) * 2 + (1 - w)) / w
    y = (torch.arange(h, device=clips.device, dtype=clips.dtype) * 2 + (1 - h)) / h
    columns = linear[:, :, 0, None] * x
    rows = torch.addcmul(offset[:, :, None], linear[:, :, 1, None], y)
    grid = (rows[:, :, :, None] + columns[:, :, None, :]).permute(0, 2, 3, 1)
    flat = clips.reshape(n, t * c, *size)
    return F.grid_sample(flat, grid, padding_mode=padding, align_corners=False).view(n, t, c, h, w)


@dataclass(frozen=True, slots=True)
class SquareMasks:
    """Squares at random places, which may overlap.

    The released code lists 6-8 black squares, or 3-5 squares of the image's mean colour, of 50-60
    pixels at 320.

    Attributes:
        count: Range of the number of squares.
        side: Range of their side, in image widths.
        fill: ``black``, or ``mean`` for the mean colour of each frame.
        p: Probability.
    """

    count: tuple[int, int] = (6, 8)
    side: tuple[float, float] = (50 / 320, 60 / 320)
    fill: Literal["black", "mean"] = "black"
    p: float = 0.5

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        chosen = happens(count, self.p, generator)
        most = self.count[1]
        counts = torch.randint(self.count[0], most + 1, (count, 1), generator=generator)
        sides = draw((count, most), *self.side, generator)
        top, left = (draw((count, most), 0, 1, generator) for _ in range(2))
        # A square that is not drawn has no extent.
        sides = torch.where((torch.arange(most) < counts) & chosen[:, None], sides, 0.0)
        return (torch.stack([sides, top, left]),)

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        (sides, top, left), (height, width) = drawn[0], clips.shape[-2:]
        sides = sides * width
        rows = _between(top * (height - sides), sides, height)
        columns = _between(left * (width - sides), sides, width)
        hidden = (rows.transpose(1, 2).float() @ columns.float()).clamp_max(1).to(clips)
        hidden = hidden[:, None, None]
        if self.fill == "black":
            return clips.mul_(1 - hidden)
        mean = clips.mean(dim=(-2, -1), keepdim=True)
        return clips.mul_(1 - hidden).addcmul_(mean, hidden)


@dataclass(frozen=True, slots=True)
class TopMask:
    """A black band over the top: it hides the bar and the upper body (the released code's only mask).

    Attributes:
        height: Range of its height, in image heights.
        p: Probability.
    """

    height: tuple[float, float] = (0.4, 0.5)
    p: float = 0.5

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        chosen = happens(count, self.p, generator)
        return (draw((count,), *self.height, generator) * chosen,)

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        (height,), rows = drawn, clips.shape[-2]
        seen = torch.arange(rows, device=clips.device) >= (height * rows).round()[:, None]
        return clips.mul_(seen.to(clips)[:, None, None, :, None])


def _between(start: Tensor, extent: Tensor, length: int) -> Tensor:
    """Which of ``length`` pixels lie in each interval: ``(N, K)`` to ``(N, K, length)``."""
    pixel = torch.arange(length, device=start.device) + 0.5
    return (pixel >= start[..., None]) & (pixel < (start + extent)[..., None])
