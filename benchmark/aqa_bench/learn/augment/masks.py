"""Partial masks: parts of the picture hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from aqa_bench.learn.augment.base import draw, happens

__all__ = ["SquareMasks", "TopMask"]


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
        """See :class:`~aqa_bench.learn.augment.base.Augmentation`."""
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
        """See :class:`~aqa_bench.learn.augment.base.Augmentation`."""
        n, rows = len(clips), clips.shape[-2]
        chosen = happens(n, self.p, generator)
        bottom = (draw((n,), *self.height, generator) * rows).round() * chosen
        seen = torch.arange(rows) >= bottom[:, None]
        return clips.mul_(seen.to(clips)[:, None, None, :, None])


def _between(start: Tensor, extent: Tensor, length: int) -> Tensor:
    """Which of ``length`` pixels lie in each interval: ``(N, K)`` to ``(N, K, length)``."""
    pixel = torch.arange(length) + 0.5
    return (pixel >= start[..., None]) & (pixel < (start + extent)[..., None])
