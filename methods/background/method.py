"""Clips with the person taken out."""

from __future__ import annotations

from aqa_bench.core.sample import Media
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.altered import AlteredClip
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.methods.sources import Fixed

from .scene import MedianFrame, WithoutPerson

__all__ = ["Background"]


class Background(ImageMethod[ImageRecipe]):
    """The control that sees the room: one box per clip hides the person and the bar.

    Where a dataset has no keypoints, the temporal median stands for the room.
    """

    def source(self) -> Fixed[ImageBackbone]:
        """The weights that the backbone comes with."""
        return Fixed()

    def altered(self, clip: Media) -> AlteredClip:
        """The clip's room."""
        return WithoutPerson(clip) if Modality.KEYPOINTS in clip.provides else MedianFrame(clip)
