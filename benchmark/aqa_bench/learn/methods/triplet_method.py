"""Image methods that pre-train on triplets of frames by the phase of the barbell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.image_features import Pooling
from aqa_bench.learn.heads.projection import Projection
from aqa_bench.learn.losses.distance_ratio import batch_all_distance_ratio, distance_ratio_loss
from aqa_bench.learn.methods.image_recipe import PretrainingRecipe
from aqa_bench.learn.methods.pretrained_image_method import PretrainedImageMethod
from aqa_bench.learn.pretraining.image_batches import (
    ImageBatch,
    ImageBatches,
    elevation_batches,
    triplet_batches,
)
from aqa_bench.learn.pretraining.pretext import Pretext
from aqa_bench.learn.pretraining.triplets import Negatives, TripletSampler
from aqa_bench.learn.supervised.image_classifier import PooledBackbone
from aqa_bench.learn.training.distributed import World

__all__ = ["EmbeddingNetwork", "TripletMethod", "TripletRecipe"]


class TripletRecipe(PretrainingRecipe):
    """Triplets, their loss and the embedding.

    Attributes:
        triplets: ``sampled``: one triplet an anchor clip; ``batch-all``: every valid triplet of a batch of
            clips at the same elevations, for weak initial weights.
        negatives: Where the negative comes from; see ``TripletSampler``.
        gap: Smallest difference in phase between anchor and negative, of 360.
        tolerance: With ``batch-all``, largest difference in phase between anchor and positive.
        elevations: With ``batch-all``, elevations a batch; ``batch_size`` counts clips then.
        terms: Summands of the loss' denominator.
        squared: Whether the loss' distances are squared.
        embedding: Length of the embedding.
        hidden: Widths of layers between features and embedding.
        projector: What the projection reads: ``gap`` (pooled features) or ``map`` (a coarse map, flattened,
            which keeps where something is).
        projector_stage: With ``map``, the backbone's stage that the map comes from.
        projector_grid: With ``map``, its positions along either axis.
    """

    triplets: Literal["sampled", "batch-all"] = "sampled"
    negatives: Negatives = "positive-clip"
    gap: float = Field(default=30.0, ge=0, lt=180)
    tolerance: float = Field(default=8.0, ge=0)
    elevations: int = Field(default=8, ge=2)
    terms: Literal[2, 3] = 2
    squared: bool = False
    embedding: int = Field(default=128, ge=2)
    hidden: tuple[int, ...] = ()
    projector: Literal["gap", "map"] = "gap"
    projector_stage: int = -1
    projector_grid: int = Field(default=4, ge=1)

    def projector_pooling(self) -> Pooling:
        """What the projection reads of a frame."""
        return Pooling(self.projector, (self.projector_stage,), self.projector_grid)


TripletRecipeT = TypeVar("TripletRecipeT", bound=TripletRecipe)


class EmbeddingNetwork(nn.Module):
    """A backbone and a projection onto the unit sphere.

    Args:
        features: The network, and what is kept of an image.
        projection: Maps its features to embeddings.
    """

    def __init__(self, features: PooledBackbone, projection: Projection) -> None:
        super().__init__()
        self.features = features
        self.projection = projection

    def forward(self, images: Tensor) -> Tensor:
        """Unit embeddings ``(N, D)`` of images."""
        y: Tensor = self.projection(self.features(images))
        return y


class TripletMethod(PretrainedImageMethod[TripletRecipeT]):
    """Frames of the same elevation are drawn together, others apart (Parmar et al., ECCV 2022, Eq. 1)."""

    def usable(self, pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        """Clips whose bar turns, with frames beyond the gap.

        Raises:
            DataError: There are too few.
        """
        recipe = self.recipe
        negatives: Negatives = "positive-clip" if recipe.negatives == "same-clip" else recipe.negatives
        sampler = TripletSampler(pool.elevations(), gap=recipe.gap, negatives=negatives)
        return sampler.usable.tolist(), sampler.dropped

    def pretext(self, backbone: ImageBackbone, pool: FrameIndex, seed: int) -> Pretext:
        """Triplets of the pool, and their loss."""
        recipe = self.recipe
        features = PooledBackbone(backbone, recipe.projector_pooling())
        length = features.num_features(pool.spec.side)
        network = EmbeddingNetwork(features, Projection(length, recipe.embedding, recipe.hidden))
        sampler = TripletSampler(pool.elevations(), gap=recipe.gap, negatives=recipe.negatives)
        augment = augmentation(recipe.augmentation)
        batch_all = recipe.triplets == "batch-all"
        if batch_all and recipe.negatives != "positive-clip":
            raise MethodError(
                "The loss over all triplets of a batch draws negatives from every clip of it.",
                where="negatives",
                expected="positive-clip with triplets = batch-all",
                found=recipe.negatives,
            )

        def batches(batch_size: int, world: World) -> ImageBatches:
            if not batch_all:
                return triplet_batches(pool, sampler, batch_size, seed, world)
            videos = min(batch_size, len(sampler.usable))
            steps = per_epoch(batch_size)
            return elevation_batches(pool, sampler, recipe.elevations, videos, steps, seed, world)

        def per_epoch(batch_size: int) -> int:
            return max(len(sampler.usable) // batch_size, 1)

        def loss(model: nn.Module, batch: ImageBatch) -> Tensor:
            embeddings = model(augment(batch.images, batch.generator()))
            if batch_all:
                return batch_all_distance_ratio(
                    embeddings,
                    batch.phases,
                    batch.clips,
                    gap=recipe.gap,
                    tolerance=recipe.tolerance,
                    squared=recipe.squared,
                )
            anchor, positive, negative = torch.chunk(embeddings, 3)
            return distance_ratio_loss(anchor, positive, negative, terms=recipe.terms, squared=recipe.squared)

        # What lies behind the stage that the map comes from does not train.
        idle = recipe.projector == "map"
        return Pretext(network, network.forward, batches, per_epoch, loss, idle=idle)
