"""Pose contrastive learning within single videos."""

from __future__ import annotations

from typing import ClassVar, Literal

from aqa_bench.learn.methods.triplet_method import TripletMethod, TripletRecipe

__all__ = ["VanillaPC", "VanillaPCRecipe"]


class VanillaPCRecipe(TripletRecipe):
    """Triplets of one clip.

    Attributes:
        triplets: Triplets are sampled.
        negatives: All three frames come from one clip.
    """

    triplets: Literal["sampled"] = "sampled"
    negatives: Literal["same-clip"] = "same-clip"


class VanillaPC(TripletMethod[VanillaPCRecipe]):
    """The control with one view and one subject (Parmar et al., ECCV 2022, section 5)."""

    id: ClassVar[str] = "vanilla-pc"

    @classmethod
    def recipe_type(cls) -> type[VanillaPCRecipe]:
        """The pydantic model of its hyper-parameters."""
        return VanillaPCRecipe
