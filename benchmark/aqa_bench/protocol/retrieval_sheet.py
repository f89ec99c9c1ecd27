"""Retrieved frames as a contact sheet, methods side by side."""

from __future__ import annotations

import math

import numpy as np

from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.contact_sheet import contact_sheet
from aqa_bench.media.figures import figure_frames, letterboxed
from aqa_bench.protocol.pose_frames import PoseFrames
from aqa_bench.protocol.retrieve import Retrieval

__all__ = ["retrieval_sheet"]

_SIDE = 144
_PAPER = 250


def retrieval_sheet(found: Retrieval, *, blur: bool = True) -> bytes:
    """Draw a row for each query shown: the query, then each method's neighbours, nearest first.

    Args:
        found: What was retrieved.
        blur: Whether faces are made unrecognisable.

    Returns:
        A PNG.
    """
    frames, top = found.frames, found.methods[0].nearest.shape[1]
    columns = (1 + top) * len(found.methods)
    pictures: list[UInt8Array] = []
    captions: list[str] = []
    for query in found.shown.tolist():
        pictures.append(_picture(frames, query, blur))
        captions.append(_caption(frames, query, "query"))
        for place, method in enumerate(found.methods):
            if place:
                pictures.append(np.full((_SIDE, _SIDE, 3), _PAPER, np.uint8))
                captions.append("")
            pairs = zip(method.nearest[query].tolist(), method.similarity[query], strict=True)
            for near, cosine in pairs:
                pictures.append(_picture(frames, near, blur))
                captions.append(_caption(frames, near, f"cos {cosine:.2f}"))
    boxes = np.full((len(pictures), 4), np.nan)
    boxes[::columns] = (0, 0, _SIDE - 1, _SIDE - 1)
    order = ", then ".join(f"{m.method} ({m.recipe})" for m in found.methods)
    title = [
        f"{found.card.id}  {found.task.id}  {found.card.licence}",
        f"left: query; then the {top} nearest frames of other videos by: {order}",
    ]
    return contact_sheet(np.stack(pictures), captions, title, boxes, columns=columns)


def _picture(frames: PoseFrames, at: int, blur: bool) -> UInt8Array:
    media = frames.samples[frames.clip[at]].media
    return letterboxed(figure_frames(media, [int(frames.number[at])], blur=blur)[0], _SIDE)


def _caption(frames: PoseFrames, at: int, text: str) -> str:
    elevation = float(frames.elevation[at])
    return text if math.isnan(elevation) else f"{text}  e={elevation:.2f}"
