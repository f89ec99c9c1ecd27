"""Features of a network trained on ImageNet (baseline of Parmar et al., ECCV 2022, Tables 2-5)."""

from __future__ import annotations

from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.methods.sources import Fixed

__all__ = ["ImageNet"]


class ImageNet(ImageMethod[ImageRecipe]):
    """The baseline without pre-training of its own."""

    def source(self) -> Fixed[ImageBackbone]:
        """The weights that the backbone comes with."""
        return Fixed()
