"""TemporalXform-2: clips distorted in time, told apart (Parmar et al., ECCV 2022, Table 2)."""

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

from .pretext import DistortionTriplets

__all__ = ["DistortionContrast", "DistortionRecipe"]


class DistortionRecipe(VideoRecipe, VideoPoolRecipe, VideoTripletLoss):
    """The distortions.

    Attributes:
        mild: Largest deviation of the positive's steps from their mean, as a share of it.
        strong: How many times as long a strongly warped negative's fast steps are as its slow ones, at least.
        chunks: Parts that the other negatives are cut into, at most ``clip_frames``.
    """

    clip_frames: int = Field(default=16, ge=4)
    mild: float = Field(default=0.1, ge=0, lt=1)
    strong: float = Field(default=3.0, gt=1)
    chunks: int = Field(default=4, ge=2)

    @model_validator(mode="after")
    def _enough_frames(self) -> Self:
        if self.chunks > self.clip_frames:
            raise ValueError(
                "a clip cannot have more parts than frames, so chunks must be at most clip_frames"
            )
        return self


class DistortionContrast(VideoMethod[DistortionRecipe]):
    """A backbone pre-trained on triplets of clips: negatives are more distorted in time than positives."""

    def source(self) -> Pretrained[VideoBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, video_pretext(self.sampler, self.task, self.recipe.clip_frames))

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws triplets of clips."""
        recipe = self.recipe
        return DistortionTriplets(
            pool,
            frames=recipe.clip_frames,
            mild=recipe.mild,
            strong=recipe.strong,
            chunks=recipe.chunks,
        )

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Embeddings of the three clips, and the loss of Eq. 1."""
        return triplet_task(backbone, self.recipe, self.recipe.augment)
