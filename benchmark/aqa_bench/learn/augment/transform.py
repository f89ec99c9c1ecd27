"""What augmentations share: clips in, clips out, one draw per clip from a given generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from aqa_bench.core.errors import DataError

__all__ = ["Augmentation", "Compose", "Draws", "draw", "happens", "packed", "sent", "to_float", "unpacked"]

Draws: TypeAlias = tuple[Tensor, ...]
"""What one augmentation of a batch is decided by: tensors, whose shapes depend on nothing but draws."""

_ALIGNED = 8


class Augmentation(Protocol):
    """Changes clips ``(N, T, 3, H, W)``, floating point in [0, 1]; all frames of a clip alike."""

    def draws(self, count: int, generator: torch.Generator) -> Draws:
        """Everything that chance decides about a batch.

        Args:
            count: Clips.
            generator: CPU generator of all draws, so that they are the same on every device.

        Returns:
            Tensors on the CPU.
        """
        ...

    def __call__(self, clips: Tensor, *drawn: Tensor) -> Tensor:
        """The changed clips, of the same type and device; the input may be changed in place.

        Nothing here may wait for the device: shapes and indices are known from the draws.

        Args:
            clips: ``(N, T, 3, H, W)``.
            *drawn: What :meth:`draws` returned, on the clips' device.
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
            drawn = sent([step.draws(len(x), generator) for step in self.steps], x.device)
            for step, draws in zip(self.steps, drawn, strict=True):
                x = step(x, *draws)
        return x.squeeze(1) if single else x


def sent(groups: Sequence[Draws], device: torch.device) -> Sequence[Draws]:
    """Draws on a device, in one copy that nothing waits for.

    Args:
        groups: Tensors on the CPU.
        device: Where they are needed.
    """
    if device.type == "cpu":
        return groups
    flat = [tensor for group in groups for tensor in group]
    buffer = packed(flat, pinned=device.type == "cuda").to(device, non_blocking=True)
    parts = iter(unpacked(buffer, flat))
    return [tuple(next(parts) for _ in group) for group in groups]


def packed(tensors: Sequence[Tensor], *, pinned: bool = False) -> Tensor:
    """Tensors on the CPU, one behind the other in a buffer of bytes.

    Args:
        tensors: Of any types.
        pinned: Whether the buffer is in page-locked memory.
    """
    buffer = torch.empty(_starts(tensors)[-1], dtype=torch.uint8, pin_memory=pinned)
    for view, tensor in zip(unpacked(buffer, tensors), tensors, strict=True):
        view.copy_(tensor)
    return buffer


def unpacked(buffer: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """Views into a buffer of :func:`packed`, of the types and shapes of the tensors that it was made of."""
    starts = _starts(like)
    return [
        buffer[start : start + tensor.nbytes].view(tensor.dtype).view(tensor.shape)
        for start, tensor in zip(starts, like, strict=False)
    ]


def _starts(tensors: Sequence[Tensor]) -> list[int]:
    starts = [0]
    for tensor in tensors:
        starts.append(starts[-1] + -(-tensor.nbytes // _ALIGNED) * _ALIGNED)
    return starts


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
        "These images cannot be augmented.",
        expected="uint8 (N, [T,] H, W, 3), or floating point (N, [T,] 3, H, W) in [0, 1]",
        found=f"{images.dtype} {tuple(images.shape)}",
    )


def draw(shape: Sequence[int], low: float, high: float, generator: torch.Generator) -> Tensor:
    """Uniform draws on the CPU, float32."""
    return torch.rand(tuple(shape), generator=generator) * (high - low) + low


def happens(count: int, p: float, generator: torch.Generator) -> Tensor:
    """Which of ``count`` clips an augmentation happens to, ``(count,)`` bool on the CPU."""
    return torch.rand(count, generator=generator) < p
