"""Skeletons drawn into frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import find_layout, missing

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["Colour", "draw_skeleton"]

Colour = tuple[int, int, int]


def draw_skeleton(
    canvas: ImageDraw,
    joints: FloatArray,
    layout: str,
    colour: Colour,
    *,
    width: int,
    marked: frozenset[str] = frozenset(),
    mark: Colour = (255, 255, 255),
) -> None:
    """Draw the joints and bones that are seen.

    Args:
        canvas: What to draw on.
        joints: ``(V, 3)`` in pixels of the canvas.
        layout: Their order.
        colour: Of the bones.
        width: Of the bones in pixels.
        marked: Joints to be ringed, by name.
        mark: Colour of the rings.
    """
    order = find_layout(layout)
    seen = ~missing(joints)
    for first, second in ((order.index(one), order.index(other)) for one, other in order.edges):
        if seen[first] and seen[second]:
            ends = [(float(x), float(y)) for x, y, _ in joints[[first, second]]]
            canvas.line(ends, fill=colour, width=width)
    for index, (x, y, _) in enumerate(joints):
        if seen[index] and order.joints[index] in marked:
            reach = 3 * width
            canvas.ellipse((x - reach, y - reach, x + reach, y + reach), outline=mark, width=width)
