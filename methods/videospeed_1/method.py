"""VideoSpeed-1: how fast a part of a clip is played (Parmar et al., ECCV 2022, Table 2)."""

from __future__ import annotations

from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler
from aqa_bench.learn.pretraining.video_classification import Speeds, augmented_by, classification_task
from aqa_bench.learn.pretraining.video_pretext import VideoTask, video_pretext

from .pretext import SpeedDraws

__all__ = ["SpeedRecipe", "VideoSpeed1"]


class SpeedRecipe(VideoRecipe, VideoPoolRecipe, Speeds):
    """Hyper-parameters: the speeds that are told apart among them."""


class VideoSpeed1(VideoMethod[SpeedRecipe]):
    """A backbone pre-trained to say at which of several speeds a clip is played."""

    def source(self) -> Pretrained[VideoBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, video_pretext(self.sampler, self.task, self.recipe.clip_frames))

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Draws parts of clips at random speeds."""
        return SpeedDraws(pool, frames=self.recipe.clip_frames, speeds=self.recipe.speeds)

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Which of the speeds."""
        return classification_task(
            backbone, {"speed": len(self.recipe.speeds)}, augmented_by(self.recipe.augment())
        )
