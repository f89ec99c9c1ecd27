"""Telling how often a clip is played."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.speed_recipe import SpeedRecipe
from aqa_bench.learn.methods.video_classification_method import VideoClassificationMethod
from aqa_bench.learn.pretraining.video_batches import ClipSampler

from .pretext import Repetitions

__all__ = ["VideoSpeed2"]


class VideoSpeed2(VideoClassificationMethod[SpeedRecipe]):
    """How often the whole of a clip is played (Parmar et al., ECCV 2022, Table 2: VideoSpeed-2)."""

    id: ClassVar[str] = "videospeed-2"

    @classmethod
    def recipe_type(cls) -> type[SpeedRecipe]:
        """The pydantic model of its hyper-parameters."""
        return SpeedRecipe

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws clips at random speeds.

        Args:
            pool: Frames of clips.
        """
        return Repetitions(pool, frames=self.recipe.clip_frames, speeds=self.recipe.speeds)

    def questions(self) -> Mapping[str, int]:
        """Which of the speeds."""
        return {"speed": len(self.recipe.speeds)}
