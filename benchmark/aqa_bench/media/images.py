"""Still images as RGB arrays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.geometry import Fit, Size, place, target_shape
from aqa_bench.media.source import MediaFile

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["IMAGE_SUFFIXES", "MAX_PIXELS", "encode_png", "read_image", "resized"]

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
MAX_PIXELS = 40_000_000


def read_image(source: Path | str | bytes | MediaFile, size: Size = None, fit: Fit = "squash") -> UInt8Array:
    """Decode one image; the orientation its EXIF data ask for is applied.

    Args:
        source: A file, an archive member, or the encoded bytes.
        size: Side in pixels of the square wanted, or ``(height, width)``; native size by default.
        fit: ``squash`` stretches to the size, ``letterbox`` keeps the aspect ratio and pads with black.

    Returns:
        ``(H, W, 3)`` uint8 RGB, resized with an antialiased bilinear filter.

    Raises:
        DataError: The image is missing, damaged, truncated or larger than ``MAX_PIXELS`` pixels.
    """
    from PIL import Image

    where = f"{len(source)} bytes in memory" if isinstance(source, bytes) else str(source)
    if isinstance(source, (str, Path)):
        source = MediaFile(Path(source))
    content = source if isinstance(source, bytes) else source.read_bytes()
    try:
        return _resized(_upright(content, where), size, fit)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise _damaged(where, str(error) or type(error).__name__) from error


def resized(image: UInt8Array, size: Size) -> UInt8Array:
    """An RGB picture ``(H, W, 3)`` squashed to a size, with an antialiased bilinear filter."""
    from PIL import Image

    return _resized(Image.fromarray(image), size, "squash")


def encode_png(image: UInt8Array) -> bytes:
    """An image ``(H, W, 3)`` RGB as a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _upright(content: bytes, where: str) -> Image.Image:
    """The picture in RGB as it is to be seen, without copies: a blank one of kilobytes takes megabytes."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content)) as image:
        if image.width * image.height > MAX_PIXELS:
            raise _damaged(where, f"{image.width} x {image.height} pixels")
        ImageOps.exif_transpose(image, in_place=True)
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")


def _resized(image: Image.Image, size: Size, fit: Fit) -> UInt8Array:
    from PIL.Image import Resampling

    outer, inner = target_shape((image.height, image.width), size, fit)
    if inner != (image.height, image.width):
        image = image.resize((inner[1], inner[0]), Resampling.BILINEAR)
    return place(np.asarray(image, dtype=np.uint8), np.zeros((*outer, 3), np.uint8))


def _damaged(where: str, reason: str) -> DataError:
    return DataError(
        "An image could not be decoded.",
        where=where,
        expected=f"an undamaged image of at most {MAX_PIXELS:,} pixels",
        found=reason,
        remedy="Download the file again; if the source is damaged, leave the file out.",
    )
