"""Telling how a clip is turned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.video_classification_method import VideoClassificationMethod
from aqa_bench.learn.methods.video_recipe import VideoPretrainingRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler, VideoBatch

from .pretext import QUARTERS, Rotations, turned

__all__ = ["VideoRotation"]


class VideoRotation(VideoClassificationMethod[VideoPretrainingRecipe]):
    """Which of four rotations (Parmar et al., ECCV 2022, Table 2: VideoRot)."""

    id: ClassVar[str] = "videorot"

    @classmethod
    def recipe_type(cls) -> type[VideoPretrainingRecipe]:
        """The pydantic model of its hyper-parameters."""
        return VideoPretrainingRecipe

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws whole clips.

        Args:
            pool: Frames of clips.
        """
        return Rotations(pool, frames=self.recipe.clip_frames)

    def questions(self) -> Mapping[str, int]:
        """Which of the rotations."""
        return {"rotation": QUARTERS}

    def augmented(self, batch: VideoBatch) -> Tensor:
        """Clips ``(M, T, 3, H, W)`` in [0, 1], turned, then changed by draws that know no rotation.

        They are never mirrored: a mirrored quarter turn looks like one the other way.
        """
        frames = turned(batch.frames, batch.labels[:, 0, 0])
        return augmentation(self.recipe.augmentation, flip=0.0)(frames, batch.generator())
