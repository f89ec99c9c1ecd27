"""Features of a network trained on ImageNet."""

from __future__ import annotations

from typing import ClassVar

from aqa_bench.learn.methods.fixed_image_method import FixedImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe

__all__ = ["ImageNet"]


class ImageNet(FixedImageMethod[ImageRecipe]):
    """The baseline without pre-training of its own (Parmar et al., ECCV 2022, Tables 2-5)."""

    id: ClassVar[str] = "imagenet"

    @classmethod
    def recipe_type(cls) -> type[ImageRecipe]:
        """The pydantic model of its hyper-parameters."""
        return ImageRecipe
