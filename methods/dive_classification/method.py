"""A video network that learns what was dived, and a regression of how well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aqa_bench.core.sample import Sample
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import centred
from aqa_bench.learn.heads.linear import LinearHead
from aqa_bench.learn.heads.mlp import MLPHead
from aqa_bench.learn.methods.sources import Pretrained
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.pretraining.dive_classes import DIVE_CLASSES, dive_class
from aqa_bench.learn.pretraining.video_batches import ClipSampler, VideoBatch
from aqa_bench.learn.pretraining.video_pretext import VideoTask, video_pretext
from aqa_bench.learn.supervised.training import TrainingConfig
from aqa_bench.learn.supervised.video_classifier import VideoClassifier

from .dive_clips import LabelledDives

__all__ = ["DiveClassification", "DiveClassificationRecipe"]

_OF_SCORES = frozenset({"hidden", "score_loss"})


class DiveClassificationRecipe(VideoRecipe, VideoPoolRecipe):
    """Clips that classes are learnt from, and the regression of scores.

    Attributes:
        max_shift: Largest shift of a dive in time, in frames of the pool; half of the dives are shifted.
        hidden: Widths of the hidden layers of ``mlp``, in place of ``width``.
        score_loss: Loss of scores, standardised by the training set: ``mse-l1`` (squared plus absolute
            error) or ``mse``.
    """

    max_shift: int = Field(default=3, ge=0)
    hidden: tuple[int, ...] = (512, 128)
    score_loss: Literal["mse", "mse-l1"] = "mse-l1"

    def new_head(self, in_features: int, num_outputs: int) -> nn.Module:
        """The head, its initial weights drawn from PyTorch's default generator.

        Args:
            in_features: Length of a feature.
            num_outputs: Number of regression values.
        """
        if self.head == "mlp":
            return MLPHead(in_features, num_outputs, self.hidden, self.dropout)
        return super().new_head(in_features, num_outputs)

    def finetuning(self) -> TrainingConfig:
        """Optimisation of backbone and head together."""
        return self._scored(super().finetuning())

    def head_training(self) -> TrainingConfig:
        """Optimisation of a head on frozen features."""
        return self._scored(super().head_training())

    def pretraining(self) -> dict[str, Any]:
        """The values that the pre-trained weights depend on, as plain JSON."""
        document = super().pretraining() | {"clips": self.clips}
        return {name: value for name, value in document.items() if name not in _OF_SCORES}

    def _scored(self, config: TrainingConfig) -> TrainingConfig:
        return replace(config, score_loss=self.score_loss)


class DiveClassification(VideoMethod[DiveClassificationRecipe]):
    """The supervised baseline of dives (Parmar et al., ECCV 2022, Table 6).

    A softmax for each attribute of a dive's class, on the mean of the backbone's features over the
    dive's clips; then a regression of the score.
    """

    def source(self) -> Pretrained[VideoBackbone]:
        """Training on the classes of the pool's dives, from the recipe's initial weights."""
        pretext = video_pretext(self.sampler, self.task, self.recipe.clip_frames)
        classes = replace(pretext, annotations=self.annotations, learns_from="dives with their classes")
        return Pretrained(self.recipe, classes)

    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """Dives with their classes.

        Args:
            pool: Frames of dives that tell their class.
        """
        recipe = self.recipe
        return LabelledDives(pool, frames=recipe.clips * recipe.clip_frames, max_shift=recipe.max_shift)

    def annotations(self, clips: Sequence[Sample]) -> dict[str, Any]:
        """Class of each dive."""
        return {"classes": [dive_class(clip) for clip in clips]}

    def task(self, backbone: VideoBackbone) -> VideoTask:
        """Mean cross-entropy over the attributes, on clips augmented by draws of their own."""
        recipe = self.recipe
        sizes = [len(values) for values in DIVE_CLASSES.values()]
        heads = LinearHead(backbone.num_features, sum(sizes), recipe.dropout)
        network = VideoClassifier(backbone, heads.to(backbone.device), recipe.clips)
        augment = recipe.augment()

        def prepare(batch: VideoBatch) -> tuple[Tensor, ...]:
            return augment(batch.frames, batch.generator()), batch.labels

        def loss(model: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
            clips, labels = inputs
            parts = torch.split(model(clips), sizes, dim=1)
            return torch.stack([cross_entropy(p, labels[:, i]) for i, p in enumerate(parts)]).mean()

        def measure(batch: VideoBatch) -> Mapping[str, float]:
            parts = torch.split(network(centred(batch.frames, recipe.pool_spec().shown)), sizes, dim=1)
            hits = [
                float((p.argmax(dim=1) == batch.labels[:, i]).float().mean()) for i, p in enumerate(parts)
            ]
            named = {f"accuracy_{name}": value for name, value in zip(DIVE_CLASSES, hits, strict=True)}
            return named | {
                "accuracy": sum(hits) / len(hits),
                "chance": sum(1 / n for n in sizes) / len(sizes),
            }

        return VideoTask(network, backbone.forward, prepare, loss, measure)
