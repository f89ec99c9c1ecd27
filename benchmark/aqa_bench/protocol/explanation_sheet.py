"""Explanations as a contact sheet: frames with what speaks for an error laid over them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import UInt8Array
from aqa_bench.core.task import Modality, TaskKind
from aqa_bench.media.clips import uniform
from aqa_bench.media.contact_sheet import Block, block_sheet
from aqa_bench.media.figures import figure_frames, letterboxed
from aqa_bench.protocol.explanation import Explained, Explanation

__all__ = ["explanation_sheet", "laid_over"]

_SIDE = 176
_FOR, _AGAINST = np.array((220.0, 30, 30)), np.array((40.0, 80, 230))
_OPACITY = 0.75
# A few positions may dwarf all others.
_QUANTILE = 0.995


def explanation_sheet(found: Explanation, *, frames: int = 8, blur: bool = True) -> bytes:
    """Draw a row for each sample: some of its frames, red for an error and blue against.

    Colours of one row have one scale, so that its frames can be compared.

    Args:
        found: What was explained.
        frames: Frames of a clip to show, at most.
        blur: Whether faces are made unrecognisable.

    Returns:
        A PNG.
    """
    longest = max(len(item.attribution.indices) for item in found.samples)
    columns = min(frames, longest)
    towards = "a high score" if found.task.kind is TaskKind.SCORE else "an error"
    title = [
        f"{found.method} ({found.recipe}) on {found.card.id}, {found.task.name}, {found.part} samples",
        f"Red is evidence for {towards}, blue against; the number under a frame is the sum over the frame.",
        f"Licence: {found.card.licence}",
    ]
    return block_sheet(title, [_block(item, columns, blur) for item in found.samples], columns=columns)


def _block(item: Explained, columns: int, blur: bool) -> Block:
    at = uniform(len(item.attribution.indices), min(columns, len(item.attribution.indices)))
    return Block(f"{item.id}: {_verdict(item)}", np.stack(_row(item, at, blur)), _captions(item, at))


def laid_over(
    frame: UInt8Array, contributions: npt.NDArray[np.float32], area: npt.NDArray[np.float64], scale: float
) -> UInt8Array:
    """Colour a frame by contributions.

    Args:
        frame: ``(H, W, 3)``.
        contributions: ``(h, w)``; positive is red, negative blue.
        area: ``(4,)`` the part of the frame they cover, in shares; the rest is left as it is.
        scale: Contribution that has the full colour, positive.

    Returns:
        A new frame.
    """
    from PIL import Image

    height, width = frame.shape[:2]
    left, top, right, bottom = np.rint(area * (width, height, width, height)).astype(int).tolist()
    size = (max(1, right - left), max(1, bottom - top))
    smooth = Image.fromarray(contributions.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    strength = np.clip(np.asarray(smooth) / scale, -1, 1)[: height - top, : width - left]
    out = frame.copy()
    patch = out[top : top + strength.shape[0], left : left + strength.shape[1]]
    colour = np.where(strength[..., None] > 0, _FOR, _AGAINST)
    weight = _OPACITY * np.abs(strength)[..., None]
    patch[...] = (patch * (1 - weight) + colour * weight).astype(np.uint8)
    return out


def _row(item: Explained, at: npt.NDArray[np.int64], blur: bool) -> list[UInt8Array]:
    found = item.attribution
    scale = float(np.quantile(np.abs(found.maps), _QUANTILE)) or 1.0
    frames = figure_frames(item.sample.media, found.indices[at].tolist(), blur=blur)
    return [
        letterboxed(laid_over(frame, found.maps[i], found.area[i], scale), _SIDE)
        for frame, i in zip(frames, at.tolist(), strict=True)
    ]


def _captions(item: Explained, at: npt.NDArray[np.int64]) -> list[str]:
    sums = item.attribution.maps.sum(axis=(1, 2))
    clip = Modality.FRAMES in item.sample.media.provides
    return [
        (f"frame {item.attribution.indices[i]}: " if clip else "") + f"{sums[i]:+.2f}" for i in at.tolist()
    ]


def _verdict(item: Explained) -> str:
    text = f"label {item.target:g}, score {item.score:.2f}"
    if item.on_person is None:
        return text
    share, area = item.on_person
    return f"{text}; {share:.0%} of it on the person, who covers {area:.0%} of the picture"
