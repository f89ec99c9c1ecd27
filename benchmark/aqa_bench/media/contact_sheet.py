"""Contact sheets: some frames of a clip in a row, with what is known of each."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from aqa_bench.core.sample import FloatArray, UInt8Array

__all__ = ["contact_sheet"]

_BAR = (255, 200, 0)
_INK, _PAPER = (20, 20, 20), (250, 250, 250)
_LINE, _GAP = 14, 4


def contact_sheet(
    frames: UInt8Array,
    captions: Sequence[str],
    title: Sequence[str],
    boxes: FloatArray | None = None,
    *,
    columns: int = 8,
) -> bytes:
    """Draw frames side by side.

    Args:
        frames: ``(T, H, W, 3)`` RGB.
        captions: A line under each frame.
        title: Lines above all.
        boxes: ``(T, 4)`` left, top, right and bottom in pixels, drawn where finite.
        columns: Frames per row.

    Returns:
        A PNG.
    """
    from PIL import Image, ImageDraw

    count, height, width = frames.shape[:3]
    columns = min(count, columns)
    rows = -(-count // columns)
    head = len(title) * _LINE + 2 * _GAP
    cell = height + _LINE + _GAP
    text_width = max((len(line) for line in title), default=0) * 7
    sheet = Image.new("RGB", (max(columns * (width + _GAP), text_width), head + rows * cell), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for i, line in enumerate(title):
        pen.text((_GAP, _GAP + i * _LINE), line, fill=_INK)
    for i, frame in enumerate(frames):
        x, y = (i % columns) * (width + _GAP), head + (i // columns) * cell
        sheet.paste(Image.fromarray(frame), (x, y))
        if boxes is not None and np.isfinite(boxes[i]).all():
            left, top, right, bottom = (float(v) for v in boxes[i])
            pen.rectangle((x + left, y + top, x + right, y + bottom), outline=_BAR)
        pen.text((x + 2, y + height + 1), captions[i], fill=_INK)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
