"""A video network with weights from Kinetics."""

from __future__ import annotations

from typing import ClassVar

from aqa_bench.learn.methods.fixed_video_method import FixedVideoMethod
from aqa_bench.learn.methods.video_recipe import VideoRecipe

__all__ = ["Kinetics"]


class Kinetics(FixedVideoMethod[VideoRecipe]):
    """The baseline without pre-training of its own (Parmar et al., ECCV 2022, Tables 2 and 4)."""

    id: ClassVar[str] = "kinetics"

    @classmethod
    def recipe_type(cls) -> type[VideoRecipe]:
        """The pydantic model of its hyper-parameters."""
        return VideoRecipe
