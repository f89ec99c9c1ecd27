"""TemporalXform: which transformation of time, and which speed (Jenni et al., ECCV 2020)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aqa_bench.core.recipe import ADDED_LATER
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler
from aqa_bench.learn.pretraining.video_classification import Speeds, augmented_by, classification_task
from aqa_bench.learn.pretraining.video_pretext import VideoTask, video_pretext

from .pretext import TRANSFORMATIONS, SourceVersions, TemporalVersions

__all__ = ["TemporalRecipe", "TemporalTransformations"]


class TemporalRecipe(VideoRecipe, VideoPoolRecipe, Speeds):
    """Hyper-parameters.

    Attributes:
        speeds: Multiples of the normal speed, in rising order; a clip is played at those for which it has
            ``clip_frames`` times as many frames.
        versions: How the versions of a clip are drawn: as the code of the paper does (``source``), or as this
            benchmark first did (``ours``).
    """

    clip_frames: int = Field(default=16, ge=4)
    speeds: tuple[int, ...] = Field(default=(1, 2, 4, 8), min_length=2)
    versions: Annotated[Literal["ours", "source"], ADDED_LATER] = "ours"


class TemporalTransformations(VideoMethod[TemporalRecipe]):
    """A backbone pre-trained to name one of four transformations of time, and the speed of the first two."""

    def source(self) -> Pretrained[VideoBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, video_pretext(self.sampler, self.task, self.recipe.clip_frames))

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws all versions of each clip."""
        kind = SourceVersions if self.recipe.versions == "source" else TemporalVersions
        return kind(pool, frames=self.recipe.clip_frames, speeds=self.recipe.speeds)

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Which of the transformations, and which of the speeds."""
        questions = {"transformation": len(TRANSFORMATIONS), "speed": len(self.recipe.speeds)}
        return classification_task(backbone, questions, augmented_by(self.recipe.augment()))
