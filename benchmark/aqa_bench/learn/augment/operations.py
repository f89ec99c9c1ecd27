"""What augmentation does to pictures: where things are in them, and how they look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.learn.augment.transform import draw, happens

__all__ = [
    "Affine",
    "ChannelPermutation",
    "ColourJitter",
    "GaussianBlur",
    "Grayscale",
    "HorizontalFlip",
    "RandomResizedCrop",
    "SquareMasks",
    "TopMask",
]


@dataclass(frozen=True, slots=True)
class HorizontalFlip:
    """Mirrors clips left to right.

    Attributes:
        p: Probability.
    """

    p: float = 0.5

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
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
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        count, aspect = len(clips), clips.shape[-2] / clips.shape[-1]
        # The grid spans -1..1, twice an image side.
        shift = 2 * draw((count, 2), -self.translation, self.translation, generator)
        shift *= happens(count, self.p, generator)[:, None]
        angle = draw((count,), -self.rotation, self.rotation, generator) * (math.pi / 180)
        angle *= happens(count, self.p, generator)
        zoom = draw((count,), *self.zoom, generator)
        zoom = torch.where(happens(count, self.p, generator), zoom, 1.0)
        # Folded into the matrix, so that mirroring costs no pass of its own.
        mirror = 1 - 2 * happens(count, self.flip, generator).float()
        cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
        # The grid is square whatever the picture: without the aspect a rotation would shear.
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
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
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

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        n, height, width = len(clips), *clips.shape[-2:]
        chosen = happens(n, self.p, generator)
        most = self.count[1]
        counts = torch.randint(self.count[0], most + 1, (n, 1), generator=generator)
        sides = draw((n, most), *self.side, generator) * width
        top = draw((n, most), 0, 1, generator) * (height - sides)
        left = draw((n, most), 0, 1, generator) * (width - sides)
        # A square that is not drawn has no extent.
        sides = torch.where((torch.arange(most) < counts) & chosen[:, None], sides, 0.0)
        rows, columns = _between(top, sides, height), _between(left, sides, width)
        # A matrix product lays all squares of a clip at once; overlaps add up and are clamped.
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

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        n, rows = len(clips), clips.shape[-2]
        chosen = happens(n, self.p, generator)
        bottom = (draw((n,), *self.height, generator) * rows).round() * chosen
        seen = torch.arange(rows) >= bottom[:, None]
        return clips.mul_(seen.to(clips)[:, None, None, :, None])


def _between(start: Tensor, extent: Tensor, length: int) -> Tensor:
    """Which of ``length`` pixels lie in each interval: ``(N, K)`` to ``(N, K, length)``."""
    pixel = torch.arange(length) + 0.5
    return (pixel >= start[..., None]) & (pixel < (start + extent)[..., None])


_LUMA = (0.299, 0.587, 0.114)
_FROM_RGB = ((0.299, 0.587, 0.114), (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135))


@dataclass(frozen=True, slots=True)
class ColourJitter:
    """Random brightness, contrast, saturation and hue.

    They are one affine map of the colours of a clip, so the image is passed over once: brightness and
    contrast scale (contrast about the clip's mean grey), saturation and hue scale and rotate the
    chrominance plane of YIQ. Results are clipped to [0, 1].

    Attributes:
        brightness: Factors are drawn from ``1 ± brightness``.
        contrast: Likewise.
        saturation: Likewise.
        hue: Largest rotation either way, in turns.
        p: Probability.
    """

    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    p: float = 0.8

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        n = len(clips)
        chosen = happens(n, self.p, generator)
        factors = [
            torch.where(chosen, draw((n,), 1 - amount, 1 + amount, generator), 1.0)
            for amount in (self.brightness, self.contrast, self.saturation)
        ]
        brightness, contrast, saturation = factors
        angle = draw((n,), -self.hue, self.hue, generator) * chosen * (2 * math.pi)
        cos, sin = saturation * torch.cos(angle), saturation * torch.sin(angle)
        one, zero = torch.ones_like(cos), torch.zeros_like(cos)
        plane = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], dim=1).view(-1, 3, 3)
        to_yiq = torch.tensor(_FROM_RGB)
        matrix = torch.linalg.inv(to_yiq) @ plane @ to_yiq * (brightness * contrast)[:, None, None]
        # Hue and saturation keep the luma, so the mean grey after brightness is the pivot of contrast.
        pixels = clips.flatten(3)
        luma = pixels.mean(dim=(1, 3)) @ torch.tensor(_LUMA).to(clips)
        offset = luma * ((1 - contrast) * brightness).to(clips)
        changed: Tensor = matrix.to(clips)[:, None] @ pixels
        changed.add_(offset.view(-1, 1, 1, 1)).clamp_(0, 1)
        return changed.view_as(clips)


@dataclass(frozen=True, slots=True)
class Grayscale:
    """Clips without colour, as three equal channels.

    Attributes:
        p: Probability.
    """

    p: float = 0.2

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        where = happens(len(clips), self.p, generator).nonzero().flatten().to(clips.device)
        luma = torch.tensor(_LUMA).to(clips).view(1, 1, 3, 1, 1)
        clips[where] = (clips[where] * luma).sum(dim=2, keepdim=True).expand(-1, -1, 3, -1, -1)
        return clips


@dataclass(frozen=True, slots=True)
class ChannelPermutation:
    """Red, green and blue in a random order.

    Attributes:
        p: Probability.
    """

    p: float = 0.5

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        n = len(clips)
        chosen = happens(n, self.p, generator).nonzero().flatten()
        order = torch.rand((n, 3), generator=generator).argsort(dim=1)[chosen]
        where = chosen.to(clips.device)
        channels = clips.transpose(1, 2)
        channels[where] = channels[where[:, None], order.to(clips.device)]
        return clips


_REACH = 3.0


@dataclass(frozen=True, slots=True)
class GaussianBlur:
    """Blurs clips with a Gaussian, mirrored at the borders.

    Attributes:
        sigma: Range of the standard deviation (the *radius* of PIL), in pixels of an image ``side``
            pixels wide; it scales with the image.
        side: That width; None for pixels of the images as they are.
        p: Probability.
    """

    sigma: tuple[float, float] = (0.0, 1.2)
    side: int | None = 320
    p: float = 0.5

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        n, t, c, h, w = clips.shape
        scale = 1.0 if self.side is None else w / self.side
        chosen = happens(n, self.p, generator).nonzero().flatten()
        sigma = draw((n,), *self.sigma, generator)[chosen].clamp_min(1e-3) * scale
        if len(chosen) == 0:
            return clips
        # One reach for all clips, that of the widest blur: they share a convolution. Mirrored
        # padding needs it below the side.
        reach = min(max(1, math.ceil(_REACH * self.sigma[1] * scale)), min(h, w) - 1)
        offsets = torch.arange(-reach, reach + 1)
        kernel = torch.softmax(-(offsets**2) / (2 * sigma[:, None] ** 2), dim=1).to(clips)
        where = chosen.to(clips.device)
        # One group a channel: images become channels of a single image.
        x = clips[where].reshape(1, -1, h, w)
        taps = kernel.repeat_interleave(t * c, dim=0)[:, None]
        x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="reflect"), taps[:, :, None, :], groups=len(taps))
        x = F.conv2d(F.pad(x, (0, 0, reach, reach), mode="reflect"), taps[:, :, :, None], groups=len(taps))
        clips[where] = x.view(-1, t, c, h, w)
        return clips
