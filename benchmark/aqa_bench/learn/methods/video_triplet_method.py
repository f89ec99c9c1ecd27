"""Video methods that pre-train on triplets of clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.heads.projection import Projection
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.methods.pretrained_video_method import PretrainedVideoMethod
from aqa_bench.learn.methods.video_recipe import VideoPretrainingRecipe
from aqa_bench.learn.pretraining.collapse import triplet_accuracy
from aqa_bench.learn.pretraining.video_batches import VideoBatch
from aqa_bench.learn.pretraining.video_pretext import VideoTask

__all__ = ["VideoTripletMethod", "VideoTripletRecipe"]


class VideoTripletRecipe(VideoPretrainingRecipe):
    """The loss of triplets, the embedding, and how clips are mirrored.

    Attributes:
        flip: Who is mirrored left to right: each clip of a triplet by a draw of its own (``independent``,
            as the paper has it; a side can then give clips away), all three alike (``shared``), or none
            (``never``).
        terms: Summands of the loss' denominator.
        squared: Whether the loss' distances are squared.
        embedding: Length of the embedding.
        hidden: Widths of layers between features and embedding.
    """

    flip: Literal["independent", "shared", "never"] = "independent"
    terms: Literal[2, 3] = 2
    squared: bool = False
    embedding: int = Field(default=128, ge=2)
    hidden: tuple[int, ...] = ()


VideoTripletRecipeT = TypeVar("VideoTripletRecipeT", bound=VideoTripletRecipe)


class VideoTripletMethod(PretrainedVideoMethod[VideoTripletRecipeT]):
    """Anchors and positives are drawn together, negatives apart (Parmar et al., ECCV 2022, Eq. 1).

    Samplers of such methods draw anchors, then positives, then negatives, one behind the other.
    """

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Embeddings on the unit sphere, and the distance-ratio loss of augmented triplets."""
        recipe = self.recipe
        projection = Projection(backbone.num_features, recipe.embedding, recipe.hidden)
        network = nn.Sequential(backbone, projection.to(next(backbone.parameters()).device))

        def triplets(model: nn.Module, batch: VideoBatch) -> tuple[Tensor, ...]:
            return torch.chunk(model(self.augmented(batch)), 3)

        def loss(model: nn.Module, batch: VideoBatch) -> Tensor:
            anchor, positive, negative = triplets(model, batch)
            return distance_ratio_loss(anchor, positive, negative, terms=recipe.terms, squared=recipe.squared)

        def measure(batch: VideoBatch) -> Mapping[str, float]:
            anchor, positive, negative = triplets(network, batch)
            return {"triplet_accuracy": triplet_accuracy(anchor, positive, negative)}

        return VideoTask(network, network.forward, loss, measure)

    def augmented(self, batch: VideoBatch) -> Tensor:
        """Clips ``(3N, T, 3, H, W)`` in [0, 1], each changed by draws of its own, all its frames alike."""
        frames, generator = batch.frames, batch.generator()
        if self.recipe.flip == "shared":
            mirrored = (torch.rand(len(frames) // 3, generator=generator) < 0.5).repeat(3)
            chosen = mirrored.to(frames.device).view(-1, 1, 1, 1, 1)
            frames = torch.where(chosen, frames.flip(-2), frames)
        own = None if self.recipe.flip == "independent" else 0.0
        return augmentation(self.recipe.augmentation, flip=own)(frames, generator)
