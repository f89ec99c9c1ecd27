"""Gaussian blur, of another width for every clip."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.learn.augment.base import draw, happens

__all__ = ["GaussianBlur"]

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
        """See :class:`~aqa_bench.learn.augment.base.Augmentation`."""
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
