"""Contact sheets: frames in blocks, with what is known of each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aqa_bench.core.sample import FloatArray, UInt8Array

__all__ = ["Block", "block_sheet", "contact_sheet"]

_BAR, _MARK = (255, 200, 0), (220, 30, 30)
_INK, _PAPER = (20, 20, 20), (250, 250, 250)
_GAP = 4
#: Letters of this share of the sheet's width can be read when the sheet is as wide as a page.
_SMALLEST, _SHARE = 13, 70


@dataclass(frozen=True)
class Block:
    """Rows of frames under a line of their own.

    Attributes:
        title: The line; empty for none.
        frames: ``(T, H, W, 3)`` RGB.
        captions: A line under each frame.
        boxes: ``(T, 4)`` left, top, right and bottom in pixels, drawn where finite; or None.
        marked: Frames with a red edge.
    """

    title: str
    frames: UInt8Array
    captions: Sequence[str]
    boxes: FloatArray | None = None
    marked: frozenset[int] = frozenset()


def contact_sheet(
    frames: UInt8Array,
    captions: Sequence[str],
    title: Sequence[str],
    boxes: FloatArray | None = None,
    *,
    columns: int = 8,
    marked: frozenset[int] = frozenset(),
) -> bytes:
    """Draw frames side by side. Args as :class:`Block`, and as :func:`block_sheet`."""
    return block_sheet(title, [Block("", frames, captions, boxes, marked)], columns=columns)


def block_sheet(title: Sequence[str], blocks: Sequence[Block], *, columns: int = 8) -> bytes:
    """Draw blocks of frames below each other.

    Args:
        title: Lines above all.
        blocks: The blocks; frames of all have one size.
        columns: Frames per row.

    Returns:
        A PNG.
    """
    from PIL import Image, ImageDraw, ImageFont

    columns = min(max(len(block.frames) for block in blocks), columns)
    height, width = blocks[0].frames.shape[1:3]
    letters = max(_SMALLEST, columns * (width + _GAP) // _SHARE)
    font, line = ImageFont.load_default(letters), round(1.35 * letters)
    widest = max(font.getlength(text) for text in [*title, *(block.title for block in blocks), " "])
    head = len(title) * line + 2 * _GAP
    cell = height + line + _GAP
    heights = [
        (line + 2 * _GAP) * bool(block.title) + -(-len(block.frames) // columns) * cell for block in blocks
    ]
    size = (max(columns * (width + _GAP), round(widest) + 2 * _GAP), head + sum(heights))
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    for i, text in enumerate(title):
        pen.text((_GAP, _GAP + i * line), text, fill=_INK, font=font)
    top = head
    for block, tall in zip(blocks, heights, strict=True):
        at = top
        if block.title:
            pen.text((_GAP, at + _GAP), block.title, fill=_INK, font=font)
            at += line + 2 * _GAP
        for i, frame in enumerate(block.frames):
            x, y = (i % columns) * (width + _GAP), at + (i // columns) * cell
            sheet.paste(Image.fromarray(frame), (x, y))
            if block.boxes is not None and np.isfinite(block.boxes[i]).all():
                left, upper, right, lower = (float(v) for v in block.boxes[i])
                pen.rectangle((x + left, y + upper, x + right, y + lower), outline=_BAR)
            if i in block.marked:
                pen.rectangle((x, y, x + width - 1, y + height - 1), outline=_MARK, width=_GAP)
            pen.text((x + 2, y + height + 1), block.captions[i], fill=_INK, font=font)
        top += tall
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
