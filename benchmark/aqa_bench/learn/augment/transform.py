"""What augmentations share: clips in, clips out, one draw a clip from a given generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from aqa_bench.core.errors import DataError

__all__ = ["Augmentation", "Compose", "draw", "happens", "to_float"]


class Augmentation(Protocol):
    """Changes clips ``(N, T, 3, H, W)``, floating point in [0, 1]; all frames of a clip alike."""

    def __call__(self, clips: Tensor, generator: torch.Generator) -> Tensor:
        """The changed clips, of the same type and device; the input may be changed in place.

        Args:
            clips: ``(N, T, 3, H, W)``.
            generator: CPU generator of all draws, so that they are the same on every device.
        """
        ...


@dataclass(frozen=True)
class Compose:
    """Augmentations one after another, for images as well as for clips.

    Attributes:
        steps: The augmentations; none leaves images as they are.
    """

    steps: Sequence[Augmentation]

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Augment a batch on the device it is on, in the type of its pictures, within autocast too.

        Args:
            images: uint8 ``(N, H, W, 3)`` or ``(N, T, H, W, 3)``, or floating point in [0, 1] of shape
                ``(N, 3, H, W)`` or ``(N, T, 3, H, W)``. Every image, or every clip, gets draws of its own.
            generator: CPU generator of all draws.

        Returns:
            Floating point in [0, 1] ``(N, 3, H, W)`` or ``(N, T, 3, H, W)``.

        Raises:
            DataError: The batch is not of those shapes.
        """
        x = to_float(images)
        single = x.ndim == 4
        x = x.unsqueeze(1) if single else x
        # Steps write into slices of their input, which fails where autocast narrows some of their results;
        # and eight bits of a pixel do not survive in bfloat16.
        with torch.autocast(x.device.type, enabled=False):
            for step in self.steps:
                x = step(x, generator)
        return x.squeeze(1) if single else x


def to_float(images: Tensor) -> Tensor:
    """Decoded images as augmentation takes them: a copy in [0, 1], channels before rows and columns.

    Raises:
        DataError: The batch is neither uint8 with channels last nor floating point with channels first.
    """
    if images.dtype == torch.uint8 and images.ndim in (4, 5) and images.shape[-1] == 3:
        # The planes of a channel lie together afterwards: sampling and filtering are fastest there.
        return images.movedim(-1, -3).contiguous().float().mul_(1 / 255)
    if images.is_floating_point() and images.ndim in (4, 5) and images.shape[-3] == 3:
        return images.clone(memory_format=torch.contiguous_format)
    raise DataError(
        "These are not images that can be augmented.",
        expected="uint8 (N, [T,] H, W, 3), or floating point (N, [T,] 3, H, W) in [0, 1]",
        found=f"{images.dtype} {tuple(images.shape)}",
    )


def draw(shape: Sequence[int], low: float, high: float, generator: torch.Generator) -> Tensor:
    """Uniform draws on the CPU, float32."""
    return torch.rand(tuple(shape), generator=generator) * (high - low) + low


def happens(count: int, p: float, generator: torch.Generator) -> Tensor:
    """Which of ``count`` clips an augmentation happens to, ``(count,)`` bool on the CPU."""
    return torch.rand(count, generator=generator) < p
