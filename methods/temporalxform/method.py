"""Telling transformations of time apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.speed_recipe import SpeedRecipe
from aqa_bench.learn.methods.video_classification_method import VideoClassificationMethod
from aqa_bench.learn.pretraining.video_batches import ClipSampler

from .pretext import TRANSFORMATIONS, TemporalVersions

__all__ = ["TemporalRecipe", "TemporalTransformations"]


class TemporalRecipe(SpeedRecipe):
    """The speeds.

    Attributes:
        speeds: Multiples of the normal speed, in rising order; a clip is played at those for which it has
            ``clip_frames`` times as many frames.
    """

    clip_frames: int = Field(default=16, ge=4)
    speeds: tuple[int, ...] = Field(default=(1, 2, 4, 8), min_length=2)


class TemporalTransformations(VideoClassificationMethod[TemporalRecipe]):
    """Which of four transformations, and which speed (Jenni et al., ECCV 2020)."""

    id: ClassVar[str] = "temporalxform"

    @classmethod
    def recipe_type(cls) -> type[TemporalRecipe]:
        """The pydantic model of its hyper-parameters."""
        return TemporalRecipe

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws all versions of each clip.

        Args:
            pool: Frames of clips.
        """
        return TemporalVersions(pool, frames=self.recipe.clip_frames, speeds=self.recipe.speeds)

    def questions(self) -> Mapping[str, int]:
        """Which of the transformations, and which of the speeds."""
        return {"transformation": len(TRANSFORMATIONS), "speed": len(self.recipe.speeds)}
