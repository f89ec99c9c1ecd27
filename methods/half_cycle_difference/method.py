"""Frozen spatial features, each frame minus the other half-cycle."""

from __future__ import annotations

from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.methods.sources import Fixed

__all__ = ["HalfCycleDifference", "HalfCycleRecipe"]


class HalfCycleRecipe(ImageRecipe):
    """Hyper-parameters of the method.

    Attributes:
        difference: Whether differences stand beside the features; the control without says what they add.
    """

    difference: bool = True


class HalfCycleDifference(ImageMethod[HalfCycleRecipe]):
    """Motion disentangling on features of frames: what both half-cycles share cancels.

    Still images have no other half-cycle: they are judged by their features alone.
    """

    def source(self) -> Fixed[ImageBackbone]:
        """The weights that the backbone comes with."""
        return Fixed()
