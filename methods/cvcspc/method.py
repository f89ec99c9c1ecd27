"""Cross-view, cross-subject pose contrastive learning."""

from __future__ import annotations

from typing import ClassVar

from aqa_bench.learn.methods.triplet_method import TripletMethod, TripletRecipe

__all__ = ["CVCSPC"]


class CVCSPC(TripletMethod[TripletRecipe]):
    """Anchor and positive of two videos at the same elevation of the bar (Parmar et al., ECCV 2022, 3.1).

    Whatever differs between the videos, camera and person among it, cannot help to tell positives from
    negatives, so that pose is what is left.
    """

    id: ClassVar[str] = "cvcspc"

    @classmethod
    def recipe_type(cls) -> type[TripletRecipe]:
        """The pydantic model of its hyper-parameters."""
        return TripletRecipe
