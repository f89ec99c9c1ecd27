"""A pretext task on triplets of clips: Eq. 1 of Parmar et al., ECCV 2022."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from aqa_bench.learn.augment.transform import Compose, sent
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.heads.build import Projection
from aqa_bench.learn.losses.distance_ratio import TripletLoss, distance_ratio_loss
from aqa_bench.learn.pretraining.collapse import triplet_accuracy
from aqa_bench.learn.pretraining.video_batches import VideoBatch
from aqa_bench.learn.pretraining.video_pretext import VideoTask

__all__ = ["VideoTripletLoss", "augmented_triplets", "triplet_task"]


class VideoTripletLoss(TripletLoss):
    """Part of a recipe: embeddings of clips, their loss, and how the clips of a triplet are mirrored.

    Attributes:
        flip: Who is mirrored left to right: each clip of a triplet by a draw of its own (``independent``,
            as the paper has it; a side can then give clips away), all three alike (``shared``), or none
            (``never``).
    """

    flip: Literal["independent", "shared", "never"] = "independent"


def triplet_task(
    backbone: VideoBackbone, recipe: VideoTripletLoss, augment: Callable[[float | None], Compose]
) -> VideoTask:
    """Anchors and positives are drawn together, negatives apart.

    Samplers of such tasks draw anchors, then positives, then negatives, one behind the other.

    Args:
        backbone: The network to train, on its device.
        recipe: Embedding, loss, and how clips are mirrored.
        augment: The augmentation, for a probability of mirroring (None: its own); each clip is changed by
            draws of its own, all its frames alike.
    """
    projection = Projection(backbone.num_features, recipe.embedding, recipe.hidden)
    network = nn.Sequential(backbone, projection.to(backbone.device))

    def prepare(batch: VideoBatch) -> tuple[Tensor, ...]:
        return (augmented_triplets(batch, recipe, augment),)

    def loss(model: nn.Module, clips: tuple[Tensor, ...]) -> Tensor:
        anchor, positive, negative = torch.chunk(model(*clips), 3)
        return distance_ratio_loss(anchor, positive, negative, terms=recipe.terms, squared=recipe.squared)

    def measure(batch: VideoBatch) -> Mapping[str, float]:
        anchor, positive, negative = torch.chunk(network(*prepare(batch)), 3)
        return {"triplet_accuracy": triplet_accuracy(anchor, positive, negative)}

    return VideoTask(network, network.forward, prepare, loss, measure)


def augmented_triplets(
    batch: VideoBatch, recipe: VideoTripletLoss, augment: Callable[[float | None], Compose]
) -> Tensor:
    """Clips ``(3N, T, 3, H, W)`` in [0, 1], each changed by draws of its own, all its frames alike.

    Args:
        batch: Anchors, positives and negatives.
        recipe: Says who is mirrored.
        augment: The augmentation, for a probability of mirroring.
    """
    frames, generator = batch.frames, batch.generator()
    if recipe.flip == "shared":
        mirrored = (torch.rand(len(frames) // 3, generator=generator) < 0.5).repeat(3)
        ((on_device,),) = sent([(mirrored,)], frames.device)
        chosen = on_device.view(-1, 1, 1, 1, 1)
        frames = torch.where(chosen, frames.flip(-2), frames)
    own = None if recipe.flip == "independent" else 0.0
    return augment(own)(frames, generator)
