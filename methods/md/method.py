"""Motion disentangling: global motion apart from the anomalies on top of it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aqa_bench.learn.half_cycles import HalfCycleTriplets
from aqa_bench.learn.pool_frames import PoolFrames
from aqa_bench.learn.video_batches import ClipSampler
from aqa_bench.learn.video_triplet_method import VideoTripletMethod, VideoTripletRecipe

__all__ = ["MotionDisentangling", "MotionRecipe"]


class MotionRecipe(VideoTripletRecipe):
    """Which clips are told apart.

    Attributes:
        pairing: Where anchors, positives and negatives come from: ``half-cycles`` of one repetition.
        max_shift: Largest shift of a clip in time, in frames of the pool; half of the clips are shifted.
        reversal: Whether one side is played backwards, so that global motion agrees; off as an ablation.
    """

    pairing: Literal["half-cycles"] = "half-cycles"
    max_shift: int = Field(default=3, ge=0)
    reversal: bool = True


class MotionDisentangling(VideoTripletMethod[MotionRecipe]):
    """Anchor and positive of one half-cycle, negative of the other (Parmar et al., ECCV 2022, section 3.2).

    The way down, played backwards, and the way up show the same global motion where the movement is
    right. What is left to tell them apart are irregularities: hesitation, wobble, knees that give way.
    """

    id: ClassVar[str] = "md"

    @classmethod
    def recipe_type(cls) -> type[MotionRecipe]:
        """The pydantic model of its hyper-parameters."""
        return MotionRecipe

    def sampler(self, pool: PoolFrames) -> ClipSampler:
        """Draws triplets of clips.

        Args:
            pool: Frames of clips, with their trajectories.
        """
        recipe = self.recipe
        return HalfCycleTriplets(
            pool, frames=recipe.clip_frames, max_shift=recipe.max_shift, reversal=recipe.reversal
        )
