"""CVCSPC: cross-view cross-subject pose contrastive learning (Parmar et al., ECCV 2022, section 3.1).

Two people do the same exercise with a barbell. Wherever the bar is at the same elevation, their poses
are alike, whoever lifts and wherever the camera stands. So the bar gives positives and negatives without
a label, and whatever differs between two videos cannot help to tell them apart. Pose is what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe, ImageRecipe
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.pretraining.image_batches import ImageBatch, triplet_batches
from aqa_bench.learn.pretraining.image_monitor import ImageMonitor
from aqa_bench.learn.pretraining.pretrain import Pretext, PretextTraining
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets, EmbeddingNetwork, FrameTriplets

__all__ = ["CVCSPC", "CVCSPCRecipe"]


class CVCSPCRecipe(ImageRecipe, ImagePoolRecipe, FrameTriplets):
    """Hyper-parameters of CVCSPC.

    Attributes:
        negatives: Where the negative comes from: the positive's clip (released code) or a third one
            (across videos, as the paper's text has it).
    """

    negatives: Literal["positive-clip", "third-clip"] = "positive-clip"


class CVCSPC(ImageMethod[CVCSPCRecipe]):
    """A backbone pre-trained on pairs of videos, then a head on its frozen features."""

    def source(self) -> Pretrained[ImageBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, Pretext(self.pretext, self.usable))

    def usable(self, pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        """Clips whose bar turns, with frames beyond the gap.

        Raises:
            DataError: There are too few.
        """
        phases = self.triplets(pool).phases
        return phases.usable.tolist(), phases.dropped

    def triplets(self, pool: FrameIndex) -> CrossClipTriplets:
        """Anchor of one video; positive of another at the same phase; negative more than the gap away.

        Phase is the bar's elevation, from 0 at its lowest to 360 at its highest.
        """
        return CrossClipTriplets(pool.elevations(), gap=self.recipe.gap, negatives=self.recipe.negatives)

    def pretext(
        self, backbone: ImageBackbone, pool: FrameIndex, watched: FrameIndex, seed: int
    ) -> PretextTraining[ImageBatch]:
        """Embeddings f of anchor, positive and negative, and the loss of Eq. 1.

        ``L = -log(exp(-||f_a - f_p||) / (exp(-||f_a - f_p||) + exp(-||f_a - f_n||)))``
        """
        recipe, triplets = self.recipe, self.triplets(pool)
        if recipe.triplets == "batch-all":
            return self._batch_all(triplets, backbone, pool, watched, seed)
        network = EmbeddingNetwork.of(backbone, recipe, pool.spec.shown)
        augment = recipe.augment()

        def prepare(batch: ImageBatch) -> tuple[Tensor, ...]:
            return (augment(batch.images, batch.generator()),)

        def loss(model: nn.Module, pictures: tuple[Tensor, ...]) -> Tensor:
            anchor, positive, negative = torch.chunk(model(*pictures), 3)
            return distance_ratio_loss(anchor, positive, negative, terms=recipe.terms, squared=recipe.squared)

        return PretextTraining(
            network,
            network.forward,
            lambda batch_size, world: triplet_batches(pool, triplets, batch_size, seed, world),
            lambda batch_size: max(len(triplets.usable) // batch_size, 1),
            loss,
            ImageMonitor(watched, backbone.device),
            prepare,
            # What lies behind the stage that a map comes from does not train.
            idle=recipe.projector == "map",
        )

    def _batch_all(
        self,
        triplets: CrossClipTriplets,
        backbone: ImageBackbone,
        pool: FrameIndex,
        watched: FrameIndex,
        seed: int,
    ) -> PretextTraining[ImageBatch]:
        """Ours, for weak initial weights: every valid triplet of a batch."""
        from .batch_all import batch_all_pretext

        if triplets.negatives != "positive-clip":
            raise MethodError(
                "The batch-all loss takes negatives from every clip of the batch, so this setting has no "
                "effect on it.",
                where="negatives",
                expected="negatives = positive-clip if triplets = batch-all",
                found=triplets.negatives,
            )
        recipe = self.recipe
        return batch_all_pretext(recipe, recipe.augment(), triplets.phases, backbone, pool, watched, seed)
