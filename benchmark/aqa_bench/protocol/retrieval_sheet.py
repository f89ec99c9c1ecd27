"""Retrieved frames as a contact sheet, a block for each method."""

from __future__ import annotations

import math

import numpy as np

from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.contact_sheet import Block, block_sheet
from aqa_bench.media.figures import figure_frames, letterboxed
from aqa_bench.protocol.pose_frames import PoseFrames
from aqa_bench.protocol.retrieve import MethodRetrieval, Retrieval

__all__ = ["retrieval_sheet"]

_SIDE = 168
_MEASURES = {"elevation_error": "bar height error", "keypoint_error": "joint error"}


def retrieval_sheet(found: Retrieval, *, blur: bool = True) -> bytes:
    """Draw a block for each method: a row for each query, then its neighbours, one per video, nearest first.

    Args:
        found: What was retrieved.
        blur: Whether faces are made unrecognisable.

    Returns:
        A PNG.
    """
    chance = ", ".join(
        f"{words} {found.chance[name].value:.3f}" for name, words in _MEASURES.items() if name in found.chance
    )
    title = [
        f"{found.card.id}, {found.task.name}. Licence: {found.card.licence}",
        "Left: the query. Then the nearest frame of each of the nearest videos.",
        *([f"A random frame of another video: {chance}."] if chance else []),
    ]
    columns = 1 + max(method.shown_nearest.shape[1] for method in found.methods)
    blocks = [_block(found, method, blur) for method in found.methods]
    return block_sheet(title, blocks, columns=columns)


def _block(found: Retrieval, method: MethodRetrieval, blur: bool) -> Block:
    pictures: list[UInt8Array] = []
    captions: list[str] = []
    for row, query in enumerate(found.shown.tolist()):
        pictures.append(_picture(found.frames, query, blur))
        captions.append(_caption(found.frames, query, "query"))
        pairs = zip(method.shown_nearest[row].tolist(), method.shown_similarity[row], strict=True)
        for near, cosine in pairs:
            pictures.append(_picture(found.frames, near, blur))
            captions.append(_caption(found.frames, near, f"cos {cosine:.2f}"))
    numbers = "; ".join(
        f"{words} {error.value:.3f} [{error.low:.3f}, {error.high:.3f}]"
        for name, words in _MEASURES.items()
        if (error := method.errors.get(name)) is not None
    )
    return Block(f"{method.method} ({method.recipe}): {numbers}".rstrip(": "), np.stack(pictures), captions)


def _picture(frames: PoseFrames, at: int, blur: bool) -> UInt8Array:
    media = frames.samples[frames.clip[at]].media
    return letterboxed(figure_frames(media, [int(frames.number[at])], blur=blur)[0], _SIDE)


def _caption(frames: PoseFrames, at: int, text: str) -> str:
    elevation = float(frames.elevation[at])
    return text if math.isnan(elevation) else f"{text}, bar height {elevation:.2f}"
