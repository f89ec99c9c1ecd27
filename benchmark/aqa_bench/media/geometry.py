"""Fitting a picture into a size."""

from __future__ import annotations

from typing import Literal, TypeAlias

from aqa_bench.core.errors import UsageError
from aqa_bench.core.sample import UInt8Array

__all__ = ["Fit", "Shape", "Size", "place", "target_shape"]

Fit: TypeAlias = Literal["squash", "letterbox"]
Shape: TypeAlias = tuple[int, int]
Size: TypeAlias = int | Shape | None


def target_shape(native: Shape, size: Size, fit: Fit) -> tuple[Shape, Shape]:
    """Shape of the output and of the picture inside it.

    Args:
        native: ``(height, width)`` of the picture as it is displayed.
        size: Side in pixels of the square wanted, or ``(height, width)``; None keeps the native size.
        fit: ``squash`` fills the output; ``letterbox`` keeps the aspect ratio.

    Returns:
        ``(height, width)`` of the output and of the resized picture, which is no larger.

    Raises:
        UsageError: The size is not positive or the fit is unknown.

    Example:
        >>> target_shape((270, 480), 224, "letterbox")
        ((224, 224), (126, 224))
    """
    if fit not in ("squash", "letterbox"):
        raise UsageError("The fit is unknown.", expected="squash or letterbox", found=fit)
    if size is None:
        return native, native
    outer = (size, size) if isinstance(size, int) else size
    if min(outer) < 1:
        raise UsageError("The size is not positive.", expected=">= 1 pixel", found=str(size))
    if fit == "squash":
        return outer, outer
    scale = min(outer[0] / native[0], outer[1] / native[1])
    height = min(outer[0], max(1, round(native[0] * scale)))
    width = min(outer[1], max(1, round(native[1] * scale)))
    return outer, (height, width)


def place(picture: UInt8Array, canvas: UInt8Array) -> UInt8Array:
    """Copy a picture into the middle of a canvas.

    Args:
        picture: ``(h, w, 3)``, no larger than the canvas.
        canvas: ``(H, W, 3)``, written in place.

    Returns:
        ``canvas``.
    """
    top = (canvas.shape[0] - picture.shape[0]) // 2
    left = (canvas.shape[1] - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas
