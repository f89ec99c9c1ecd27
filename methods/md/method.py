"""MD: motion disentangling (Parmar et al., ECCV 2022, section 3.2).

The way down, played backwards, and the way up show the same global motion where the movement is right;
so do two dives of one class. What is left to tell such clips apart are irregularities: hesitation,
wobble, knees that give way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.pretraining.video_batches import ClipSampler
from aqa_bench.learn.pretraining.video_pretext import VideoTask, video_pretext
from aqa_bench.learn.pretraining.video_triplets import VideoTripletLoss, triplet_task

from .half_cycles import HalfCycleTriplets
from .same_class import SameClassTriplets, class_and_event

__all__ = ["MotionDisentangling", "MotionRecipe"]


class MotionRecipe(VideoRecipe, VideoPoolRecipe, VideoTripletLoss):
    """Which clips are told apart.

    Attributes:
        pairing: Where anchors, positives and negatives come from: ``half-cycles`` of one repetition, or
            dives of the ``same-class`` and event.
        max_shift: Largest shift of a clip in time, in frames of the pool; half of the clips are shifted.
        reversal: Whether one half-cycle is played backwards, so that global motion agrees; off as an
            ablation.
    """

    pairing: Literal["half-cycles", "same-class"] = "half-cycles"
    max_shift: int = Field(default=3, ge=0)
    reversal: bool = True


class MotionDisentangling(VideoMethod[MotionRecipe]):
    """A video backbone pre-trained on triplets of clips of the same global motion."""

    def source(self) -> Pretrained[VideoBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        pretext = video_pretext(self.sampler, self.task, self.recipe.clip_frames)
        return Pretrained(self.recipe, replace(pretext, unit=self.unit, annotations=self.annotations))

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Anchor, positive and negative: clips of the same global motion.

        Args:
            pool: Frames of clips that have trajectories, or class and event.

        Raises:
            DataError: The clips have what the other pairing needs.
        """
        recipe = self.recipe
        _check_pairing(recipe.pairing, pool.samples)
        if recipe.pairing == "same-class":
            return SameClassTriplets(pool, frames=recipe.clip_frames, max_shift=recipe.max_shift)
        return HalfCycleTriplets(
            pool, frames=recipe.clip_frames, max_shift=recipe.max_shift, reversal=recipe.reversal
        )

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Embeddings of the three clips, and the loss of Eq. 1."""
        return triplet_task(backbone, self.recipe, self.recipe.augment)

    def unit(self, clip: Sample) -> str:
        """Dives of one class and event stay together, so that those that only watch can be paired too."""
        paired = class_and_event(clip) if self.recipe.pairing == "same-class" else None
        return clip.media.content_key if paired is None else paired

    def annotations(self, clips: Sequence[Sample]) -> dict[str, Any]:
        """Class and event of each clip, where triplets depend on them."""
        if self.recipe.pairing == "half-cycles":
            return {}
        return {"classes": [class_and_event(clip) for clip in clips]}


def _check_pairing(pairing: str, clips: Sequence[Sample]) -> None:
    provided = frozenset[Modality]().union(*(clip.media.provides for clip in clips))
    wanted, other = Modality.TRAJECTORY, Modality.ATTRIBUTES
    recipes = "dives-quick or dives"
    if pairing == "same-class":
        wanted, other, recipes = other, wanted, "quick, paper or selected"
    # Only a clear mix-up is refused here; clips that lack both fail later, with the reasons counted.
    if other in provided and wanted not in provided:
        raise DataError(
            f"These clips cannot be paired by {pairing}.",
            where="pairing",
            expected=f"clips that provide {wanted}",
            found=f"clips that provide {other}",
            remedy=f"Choose a recipe for such clips: {recipes} (--recipe).",
        )
