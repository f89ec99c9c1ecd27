"""Stick figures: what keypoints without pictures look like."""

from __future__ import annotations

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray, Media, UInt8Array
from aqa_bench.media.layouts import find_layout, missing

__all__ = ["figure_pose", "stick_figures"]

_LAYOUTS = ("body-25", "coco-17", "openpose-18", "body-12")
_PAPER = 245
_LEFT, _RIGHT, _MIDDLE = (200, 80, 30), (30, 90, 190), (70, 70, 70)
_MARGIN = 0.08


def figure_pose(media: Media) -> tuple[FloatArray, str]:
    """Keypoints of a clip in the layout that shows most of them.

    Args:
        media: A clip with keypoints.

    Returns:
        ``(T, V, 3)`` x, y and confidence, and the name of the layout.

    Raises:
        DataError: They fit none of the layouts that can be drawn.
    """
    found: dict[str, FloatArray] = {}
    for layout in _LAYOUTS:
        try:
            found[layout] = media.keypoints(layout)
        except DataError as error:
            refused = error
    if not found:
        raise refused
    best = max(found, key=lambda name: int((~missing(found[name])).any(axis=0).sum()))
    return found[best], best


def stick_figures(keypoints: FloatArray, layout: str, side: int = 160) -> UInt8Array:
    """Draw every frame in one scale, so that the person moves as in the clip.

    Args:
        keypoints: ``(T, V, 3)`` x, y and confidence, y down; joints with confidence 0 are left out.
        layout: Their joint order.
        side: Of the pictures, in pixels.

    Returns:
        ``(T, side, side, 3)`` RGB: the person's left orange, the right blue.
    """
    from PIL import Image, ImageDraw

    order, seen = find_layout(layout), ~missing(keypoints)
    at = _scaled(keypoints[..., :2].astype(np.float64), seen, side)
    width = max(1, side // 60)
    drawn = []
    for points, shown in zip(at, seen, strict=True):
        picture = Image.new("RGB", (side, side), (_PAPER,) * 3)
        pen = ImageDraw.Draw(picture)
        for one, other in order.edges:
            a, b = order.index(one), order.index(other)
            if shown[a] and shown[b]:
                pen.line([*points[a], *points[b]], fill=_colour(one, other), width=width)
        for joint in np.flatnonzero(shown):
            x, y = points[joint]
            pen.ellipse((x - width, y - width, x + width, y + width), fill=_MIDDLE)
        drawn.append(np.asarray(picture))
    return np.stack(drawn)


def _scaled(points: FloatArray, seen: np.ndarray, side: int) -> FloatArray:
    """Pixels of the picture: what the whole clip shows fills it, but for a margin."""
    if not seen.any():
        return points
    low, high = points[seen].min(axis=0), points[seen].max(axis=0)
    scale = side * (1 - 2 * _MARGIN) / max(float((high - low).max()), 1e-9)
    placed: FloatArray = (points - (low + high) / 2) * scale + side / 2
    return placed


def _colour(one: str, other: str) -> tuple[int, int, int]:
    sides = {name.partition("_")[0] for name in (one, other)} & {"left", "right"}
    return {frozenset({"left"}): _LEFT, frozenset({"right"}): _RIGHT}.get(frozenset(sides), _MIDDLE)
