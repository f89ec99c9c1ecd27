"""What a recipe says of where to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aqa_bench.core.recipe import Recipe
from aqa_bench.learn.lifter.parts import Part

__all__ = ["Region", "region_of"]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the lifter to look at.

    Attributes:
        part: Which part.
        by: ``fair``: by what is available to any method, a finder of the lifter or estimated joints.
            ``joints``: by the joints that the dataset has, also where a generator knows them exactly.
        zoom: How much more than the part is shown, per side: a method that cuts the middle out of what it is
            shown is left with the part.
    """

    part: Part
    by: Literal["fair", "joints"] = "fair"
    zoom: float = 1.0


def region_of(recipe: Recipe) -> Region | None:
    """The region that a recipe names in ``region`` and ``region_by``; None for whole pictures."""
    # The runner knows a method's recipe as plain values; a method without these fields sees whole pictures.
    part, by = getattr(recipe, "region", None), getattr(recipe, "region_by", "fair")
    if part not in ("person", "legs"):
        return None
    resize, crop = getattr(recipe, "resize", None), getattr(recipe, "crop", None)
    zoom = resize / crop if isinstance(resize, int) and isinstance(crop, int) and 0 < crop < resize else 1.0
    return Region(part, "joints" if by == "joints" else "fair", zoom)
