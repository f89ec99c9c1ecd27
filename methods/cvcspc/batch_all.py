"""Eq. 1 over all triplets of a batch, for weak initial weights; ours, not the paper's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqa_bench.core.errors import MethodError, RecipeError
from aqa_bench.learn.augment.transform import Compose
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.image_batches import ImageBatch, ImageBatches, planned_batches
from aqa_bench.learn.pretraining.image_monitor import ImageMonitor
from aqa_bench.learn.pretraining.pretrain import PretextTraining
from aqa_bench.learn.pretraining.triplets import EmbeddingNetwork, FrameBatch, FrameTriplets, Phases
from aqa_bench.learn.training.distributed import World

__all__ = ["batch_all_distance_ratio", "batch_all_pretext", "elevation_batches", "elevation_grid"]


def batch_all_pretext(
    recipe: FrameTriplets,
    augment: Compose,
    phases: Phases,
    backbone: ImageBackbone,
    pool: FrameIndex,
    watched: FrameIndex,
    seed: int,
) -> PretextTraining[ImageBatch]:
    """CVCSPC's pretext with every valid triplet of a batch in place of sampled ones.

    Args:
        recipe: Gap, tolerance, elevations and embedding.
        augment: The augmentation.
        phases: Of the pool.
        backbone: The network to train, on its device.
        pool: Clips to learn from.
        watched: Clips to watch.
        seed: Seed of batches.
    """
    network = EmbeddingNetwork.of(backbone, recipe, pool.spec.shown)

    def loss(model: nn.Module, batch: ImageBatch) -> Tensor:
        return batch_all_distance_ratio(
            model(augment(batch.images, batch.generator())),
            batch.phases,
            batch.clips,
            gap=recipe.gap,
            tolerance=recipe.tolerance,
            squared=recipe.squared,
        )

    return PretextTraining(
        network,
        network.forward,
        lambda size, world: elevation_batches(pool, phases, recipe.elevations, size, seed, world),
        lambda batch_size: max(len(phases.usable) // batch_size, 1),
        loss,
        ImageMonitor(watched, backbone.device),
        idle=recipe.projector == "map",
    )


def batch_all_distance_ratio(
    embeddings: Tensor,
    phases: Tensor,
    clip_ids: Tensor,
    *,
    gap: float = 30.0,
    tolerance: float = 8.0,
    squared: bool = False,
) -> Tensor:
    """Eq. 1 with two terms, averaged over all valid triplets of a batch.

    A triplet is valid if anchor and positive come from different clips and differ by at most
    ``tolerance`` in phase, and the negative, from any clip, differs from the anchor by more than
    ``gap``. Every frame serves in many triplets, so the loss leaves ln 2 where sampled triplets of
    weakly initialised networks stay at it.

    Args:
        embeddings: ``(N, D)``.
        phases: ``(N,)`` phase of each frame, in [0, 360]; it does not wrap.
        clip_ids: ``(N,)`` integers that tell clips apart.
        gap: Smallest difference in phase between anchor and negative, exclusive.
        tolerance: Largest difference in phase between anchor and positive, inclusive.
        squared: Whether distances are squared.

    Returns:
        A scalar; 0 (with zero gradients) where the batch has no valid triplet.

    Raises:
        MethodError: Shapes differ.
    """
    count = len(embeddings)
    if embeddings.ndim != 2 or phases.shape != (count,) or clip_ids.shape != (count,):
        raise MethodError(
            "The inputs of the batch-all loss have the wrong shapes.",
            expected="embeddings (N, D), phases (N,) and clip ids (N,)",
            found=f"{tuple(embeddings.shape)}, {tuple(phases.shape)}, {tuple(clip_ids.shape)}",
        )
    wide = embeddings if embeddings.dtype == torch.float64 else embeddings.float()
    apart = (phases[:, None] - phases[None, :]).abs()
    # Negatives may be of the anchor's own clip: it has the same view and subject, so
    # the pose alone sets them apart.
    far = apart > gap
    # Pairs without any negative are dropped here, or they would count as triplets of loss 0.
    valid = (apart <= tolerance) & (clip_ids[:, None] != clip_ids[None, :]) & far.any(dim=1, keepdim=True)
    # Distances by differences, not by products: those are exact where embeddings nearly coincide.
    distances = torch.cdist(wide, wide, compute_mode="donot_use_mm_for_euclid_dist")
    if squared:
        distances = distances.square()
    anchors, positives = valid.nonzero(as_tuple=True)
    # With two terms Eq. 1 is softplus(d(a, p) - d(a, n)): one row per pair,
    # one column per possible negative.
    losses = F.softplus(distances[anchors, positives, None] - distances[anchors])
    weights = far[anchors].to(losses.dtype)
    total: Tensor = (losses * weights).sum()
    # Not NaN without a triplet: such a batch then gives a gradient of 0, and the training goes on.
    return total / weights.sum().clamp_min(1)


def elevation_grid(phases: Phases, elevations: int, videos: int, rng: np.random.Generator) -> FrameBatch:
    """Frames of several clips at the same phases.

    Phases are drawn one from each of ``elevations`` equal parts of the scale.

    Args:
        phases: Of the pool.
        elevations: Phases per batch.
        videos: Clips per batch; no more than are usable.
        rng: Source of all draws.

    Returns:
        ``elevations * videos`` frames, clip by clip; those of one clip are distinct where it can be.

    Raises:
        RecipeError: The counts are out of range.
    """
    if elevations < 2 or not 2 <= videos <= len(phases.usable):
        raise RecipeError(
            "The number of elevations or videos per batch is out of range.",
            expected=f"at least 2 elevations and 2..{len(phases.usable)} videos",
            found=f"{elevations} elevations, {videos} videos",
            remedy="Use fewer videos per batch, or a larger pool.",
        )
    # Stratified: phases drawn freely would often lie together, and leave few pairs beyond the gap.
    targets = (np.arange(elevations) + rng.random(elevations)) * (360 / elevations)
    clips = rng.choice(phases.usable, videos, replace=False)
    frames = [phases.near(int(clip), target, rng) for clip in clips for target in targets]
    return phases.frames(np.repeat(clips, elevations), np.array(frames, np.int64))


def elevation_batches(
    pool: FrameIndex, phases: Phases, elevations: int, batch_size: int, seed: int, world: World
) -> ImageBatches:
    """Batches of several clips at the same elevations, as many per epoch as there are clips for.

    Args:
        pool: Where frames are read.
        phases: Of the pool.
        elevations: Elevations per batch.
        batch_size: Clips per batch; all of the pool where it has fewer.
        seed: Seed of all draws.
        world: Which share of the batches this process computes.
    """
    usable = len(phases.usable)

    def plan(rng: np.random.Generator) -> Iterator[FrameBatch]:
        for _ in range(max(usable // batch_size, 1)):
            yield elevation_grid(phases, elevations, min(batch_size, usable), rng)

    return planned_batches(pool, plan, "elevations", seed, world)
