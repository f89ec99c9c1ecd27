"""Vanilla PC: pose contrastive learning within single videos (Parmar et al., ECCV 2022, section 5).

As CVCSPC, but anchor, positive and negative come from one video. View and subject agree within a
triplet, so nothing keeps the network from telling poses apart by what belongs to that video alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe, ImageRecipe
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.pretraining.image_batches import ImageBatch, triplet_batches
from aqa_bench.learn.pretraining.image_monitor import ImageMonitor
from aqa_bench.learn.pretraining.pretrain import Pretext, PretextTraining
from aqa_bench.learn.pretraining.triplets import EmbeddingNetwork, FrameTriplets, Phases

from .triplets import SameClipTriplets

__all__ = ["VanillaPC", "VanillaPCRecipe"]


class VanillaPCRecipe(ImageRecipe, ImagePoolRecipe, FrameTriplets):
    """Hyper-parameters of Vanilla PC.

    Attributes:
        triplets: Triplets are sampled.
        negatives: All three frames come from one clip.
    """

    triplets: Literal["sampled"] = "sampled"
    negatives: Literal["same-clip"] = "same-clip"


class VanillaPC(ImageMethod[VanillaPCRecipe]):
    """A backbone pre-trained on frames of single videos, then a head on its frozen features."""

    def source(self) -> Pretrained[ImageBackbone]:
        """Pre-training on the pool, from the recipe's initial weights."""
        return Pretrained(self.recipe, Pretext(self.pretext, self.usable))

    def usable(self, pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        """Clips whose bar turns, with frames beyond the gap.

        Raises:
            DataError: There are fewer than two.
        """
        phases = Phases(pool.elevations(), gap=self.recipe.gap, needed=2)
        return phases.usable.tolist(), phases.dropped

    def pretext(
        self, backbone: ImageBackbone, pool: FrameIndex, watched: FrameIndex, seed: int
    ) -> PretextTraining[ImageBatch]:
        """Triplets of single clips, strongly augmented, and the loss of Eq. 1."""
        recipe = self.recipe
        triplets = SameClipTriplets(pool.elevations(), gap=recipe.gap)
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
            idle=recipe.projector == "map",
        )
