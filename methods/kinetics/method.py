"""A video network with weights from Kinetics (baseline of Parmar et al., ECCV 2022, Tables 2 and 4)."""

from __future__ import annotations

from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.methods.sources import Fixed
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_recipe import VideoRecipe

__all__ = ["Kinetics"]


class Kinetics(VideoMethod[VideoRecipe]):
    """The baseline without pre-training of its own."""

    def source(self) -> Fixed[VideoBackbone]:
        """The weights that the backbone comes with."""
        return Fixed()
