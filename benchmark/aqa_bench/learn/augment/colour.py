"""How the picture looks: colours, channels and blur."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.learn.augment.transform import draw, happens

__all__ = ["ChannelPermutation", "ColourJitter", "GaussianBlur", "Grayscale"]

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
