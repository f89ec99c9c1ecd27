"""Clips shifted in time, told apart."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.video_triplet_method import VideoTripletMethod, VideoTripletRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler

from .pretext import ShiftTriplets

__all__ = ["ShiftContrast", "ShiftRecipe"]


class ShiftRecipe(VideoTripletRecipe):
    """The shifts.

    Attributes:
        stride: Step of the clips, in frames of the pool.
        near: Largest shift of the positive, in frames of the pool; the smallest is 1.
        far: Smallest shift of the negative, more than ``near``.
    """

    stride: int = Field(default=2, ge=1)
    near: int = Field(default=3, ge=1)
    far: int = Field(default=8, ge=2)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.near >= self.far:
            raise ValueError("the positive is shifted less than the negative: near is below far")
        return self


class ShiftContrast(VideoTripletMethod[ShiftRecipe]):
    """Negatives are more shifted in time than positives (Parmar et al., ECCV 2022: TemporalXform-1)."""

    id: ClassVar[str] = "temporalxform-1"

    @classmethod
    def recipe_type(cls) -> type[ShiftRecipe]:
        """The pydantic model of its hyper-parameters."""
        return ShiftRecipe

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws triplets of clips.

        Args:
            pool: Frames of clips.
        """
        recipe = self.recipe
        return ShiftTriplets(
            pool, frames=recipe.clip_frames, stride=recipe.stride, near=recipe.near, far=recipe.far
        )
