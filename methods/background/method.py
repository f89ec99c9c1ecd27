"""Clips with the person taken out."""

from __future__ import annotations

from typing import ClassVar

from aqa_bench.core.sample import Media
from aqa_bench.core.task import Modality
from aqa_bench.learn.methods.altered_image_method import AlteredClip, AlteredImageMethod
from aqa_bench.learn.methods.image_recipe import ImageRecipe

from .scene import MedianFrame, WithoutPerson

__all__ = ["Background"]


class Background(AlteredImageMethod[ImageRecipe]):
    """The control that sees the room: one box a clip hides the person and the bar.

    Where a dataset has no keypoints, the temporal median stands for the room.
    """

    id: ClassVar[str] = "background"

    @classmethod
    def recipe_type(cls) -> type[ImageRecipe]:
        """The pydantic model of its hyper-parameters."""
        return ImageRecipe

    def alter(self, clip: Media) -> AlteredClip:
        """The clip's room."""
        return WithoutPerson(clip) if Modality.KEYPOINTS in clip.provides else MedianFrame(clip)
