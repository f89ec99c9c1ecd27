"""Clips distorted in time, told apart."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.video_triplet_method import VideoTripletMethod, VideoTripletRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler

from .pretext import DistortionTriplets

__all__ = ["DistortionContrast", "DistortionRecipe"]


class DistortionRecipe(VideoTripletRecipe):
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
            raise ValueError("a clip has no more parts than frames: chunks is at most clip_frames")
        return self


class DistortionContrast(VideoTripletMethod[DistortionRecipe]):
    """Negatives are more distorted in time than positives (Parmar et al., ECCV 2022: TemporalXform-2)."""

    id: ClassVar[str] = "temporalxform-2"

    @classmethod
    def recipe_type(cls) -> type[DistortionRecipe]:
        """The pydantic model of its hyper-parameters."""
        return DistortionRecipe

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws triplets of clips.

        Args:
            pool: Frames of clips.
        """
        recipe = self.recipe
        return DistortionTriplets(
            pool,
            frames=recipe.clip_frames,
            mild=recipe.mild,
            strong=recipe.strong,
            chunks=recipe.chunks,
        )
