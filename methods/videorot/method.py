"""VideoRot: how a clip is turned (Parmar et al., ECCV 2022, Table 2)."""

from __future__ import annotations

from torch import Tensor

from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler, VideoBatch
from aqa_bench.learn.pretraining.video_classification import classification_task
from aqa_bench.learn.pretraining.video_pretext import VideoTask, video_pretext

from .pretext import QUARTERS, Rotations, turned

__all__ = ["RotationRecipe", "VideoRotation"]


class RotationRecipe(VideoRecipe, VideoPoolRecipe):
    """Hyper-parameters."""


class VideoRotation(VideoMethod[RotationRecipe]):
    """A backbone pre-trained to say by how many quarters a clip is turned."""

    def source(self) -> Pretrained[VideoBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, video_pretext(self.sampler, self.task, self.recipe.clip_frames))

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws whole clips, each with a rotation."""
        return Rotations(pool, frames=self.recipe.clip_frames)

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Which of the rotations."""
        return classification_task(backbone, {"rotation": QUARTERS}, self.augmented)

    def augmented(self, batch: VideoBatch) -> Tensor:
        """Clips ``(M, T, 3, H, W)`` in [0, 1], turned, then changed by draws that know no rotation.

        They are never mirrored: a mirrored quarter turn looks like one the other way.
        """
        frames = turned(batch.frames, batch.labels[:, 0, 0])
        return self.recipe.augment(flip=0.0)(frames, batch.generator())
