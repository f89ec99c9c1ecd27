"""How things look in pictures: their colours, and how sharp they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.learn.augment.transform import Draws, draw, happens

__all__ = ["ChannelPermutation", "ColourJitter", "GaussianBlur", "Grayscale", "convolved", "multiplied"]


_LUMA = torch.tensor((0.299, 0.587, 0.114))
_TO_YIQ = torch.tensor(
    ((0.299, 0.587, 0.114), (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135))
)
_FROM_YIQ = torch.linalg.inv(_TO_YIQ)


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

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        chosen = happens(count, self.p, generator)
        factors = [
            torch.where(chosen, draw((count,), 1 - amount, 1 + amount, generator), 1.0)
            for amount in (self.brightness, self.contrast, self.saturation)
        ]
        brightness, contrast, saturation = factors
        angle = draw((count,), -self.hue, self.hue, generator) * chosen * (2 * math.pi)
        cos, sin = saturation * torch.cos(angle), saturation * torch.sin(angle)
        one, zero = torch.ones_like(cos), torch.zeros_like(cos)
        plane = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], dim=1).view(-1, 3, 3)
        matrix = _FROM_YIQ @ plane @ _TO_YIQ * (brightness * contrast)[:, None, None]
        return matrix, (1 - contrast) * brightness, _LUMA

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        matrix, pivot, weights = drawn
        # Hue and saturation keep the luma, so the mean grey after brightness is the pivot of contrast.
        pixels = clips.flatten(3)
        luma = pixels.mean(dim=(1, 3)) @ weights.to(clips)
        offset = luma * pivot.to(clips)
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

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        return happens(count, self.p, generator).nonzero().flatten(), _LUMA

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        where, luma = drawn
        weights = luma.to(clips).view(1, 1, 3, 1, 1)
        clips[where] = (clips[where] * weights).sum(dim=2, keepdim=True).expand(-1, -1, 3, -1, -1)
        return clips


@dataclass(frozen=True, slots=True)
class ChannelPermutation:
    """Red, green and blue in a random order.

    Attributes:
        p: Probability.
    """

    p: float = 0.5

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        chosen = happens(count, self.p, generator).nonzero().flatten()
        return chosen, torch.rand((count, 3), generator=generator).argsort(dim=1)[chosen]

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        where, order = drawn
        channels = clips.transpose(1, 2)
        channels[where] = channels[where[:, None], order]
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

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        chosen = happens(count, self.p, generator).nonzero().flatten()
        return chosen, draw((count,), *self.sigma, generator)[chosen].clamp_min(1e-3)

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """See :class:`~aqa_bench.learn.augment.transform.Augmentation`."""
        (where, sigma), (height, width) = drawn, clips.shape[-2:]
        if len(where) == 0:
            return clips
        scale = 1.0 if self.side is None else width / self.side
        reach = min(max(1, math.ceil(_REACH * self.sigma[1] * scale)), min(height, width) - 1)
        offsets = torch.arange(-reach, reach + 1, device=clips.device)
        sigma = sigma * scale
        kernels = torch.softmax(-(offsets**2) / (2 * sigma[:, None] ** 2), dim=1).to(clips)
        blur = convolved if clips.device.type == "cpu" else multiplied
        clips[where] = blur(clips[where], kernels)
        return clips


def convolved(clips: Tensor, kernels: Tensor) -> Tensor:
    """Clips ``(N, T, C, H, W)``, each filtered by a kernel ``(N, 2 r + 1)`` of its own along both axes."""
    n, t, c, h, w = clips.shape
    reach = kernels.shape[1] // 2
    # One group per channel: images become channels of a single image.
    x = clips.reshape(1, -1, h, w)
    taps = kernels.repeat_interleave(t * c, dim=0)[:, None]
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="reflect"), taps[:, :, None, :], groups=len(taps))
    x = F.conv2d(F.pad(x, (0, 0, reach, reach), mode="reflect"), taps[:, :, :, None], groups=len(taps))
    return x.view(n, t, c, h, w)


def multiplied(clips: Tensor, kernels: Tensor) -> Tensor:
    """As :func:`convolved` up to rounding, by products of matrices.

    GPUs are fast at those, and slow at convolutions in hundreds of groups.
    """
    n, t, c, h, w = clips.shape
    across = _smoothing(kernels, w)
    down = across if h == w else _smoothing(kernels, h)
    x = clips.reshape(n, t * c * h, w) @ across.mT
    return (down[:, None] @ x.view(n, t * c, h, w)).view(n, t, c, h, w)


def _smoothing(kernels: Tensor, length: int) -> Tensor:
    """Symmetric kernels ``(N, 2 r + 1)``, mirrored at both ends, as matrices ``(N, length, length)``."""
    reach = kernels.shape[1] // 2
    pixel = torch.arange(length, device=kernels.device)
    below = pixel[:, None] + pixel
    distances = torch.stack([(pixel[:, None] - pixel).abs(), below, 2 * (length - 1) - below])
    # The pixels at the ends have no mirror image.
    distances[1, :, 0].fill_(reach + 1)
    distances[2, :, -1].fill_(reach + 1)
    weights = F.pad(kernels[:, reach:], (0, 1))
    return weights[:, distances.clamp_(max=reach + 1)].sum(dim=1)
