"""TemporalXform-1: clips shifted in time, told apart (Parmar et al., ECCV 2022, Table 2)."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler
from aqa_bench.learn.pretraining.video_pretext import VideoTask, video_pretext
from aqa_bench.learn.pretraining.video_triplets import VideoTripletLoss, triplet_task

from .pretext import ShiftTriplets

__all__ = ["ShiftContrast", "ShiftRecipe"]


class ShiftRecipe(VideoRecipe, VideoPoolRecipe, VideoTripletLoss):
    """The shifts.

    Attributes:
        stride: Step of the clips, in frames of the pool; smaller in clips without room for a negative.
        near: Largest shift of the positive, in frames of the pool; the smallest is 1.
        far: Smallest shift of the negative, more than ``near``.
    """

    stride: int = Field(default=2, ge=1)
    near: int = Field(default=3, ge=1)
    far: int = Field(default=8, ge=2)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.near >= self.far:
            raise ValueError("the positive must be shifted less than the negative, so near must be below far")
        return self


class ShiftContrast(VideoMethod[ShiftRecipe]):
    """A backbone pre-trained on triplets of clips: negatives are more shifted in time than positives."""

    def source(self) -> Pretrained[VideoBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, video_pretext(self.sampler, self.task, self.recipe.clip_frames))

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws triplets of clips."""
        recipe = self.recipe
        return ShiftTriplets(
            pool, frames=recipe.clip_frames, stride=recipe.stride, near=recipe.near, far=recipe.far
        )

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Embeddings of the three clips, and the loss of Eq. 1."""
        return triplet_task(backbone, self.recipe, self.recipe.augment)
