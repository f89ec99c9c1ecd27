"""A pretext task on clips: which of several things was done to a clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from pydantic import Field, field_validator
from torch import Tensor, nn

from aqa_bench.core.recipe import Recipe
from aqa_bench.learn.augment.transform import Compose
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.pretraining.video_batches import VideoBatch
from aqa_bench.learn.pretraining.video_pretext import VideoTask
from aqa_bench.media.clips import Indices

__all__ = ["NOT_ASKED", "ClipClassifier", "Speeds", "augmented_by", "class_labels", "classification_task"]

NOT_ASKED: Final = -1
"""Class of clips that a question is not asked of."""


def class_labels(*questions: tuple[npt.ArrayLike, npt.ArrayLike]) -> Indices:
    """Labels of clips.

    Args:
        *questions: For each, ``(M,)`` classes (:data:`NOT_ASKED` where it is not asked), and the number of
            classes that each was drawn from, ``(M,)`` or one for all.

    Returns:
        ``(M, questions, 2)`` int64: classes and their numbers.

    Example:
        >>> class_labels(([0, 3], 4), ([1, NOT_ASKED], 2)).tolist()
        [[[0, 4], [1, 2]], [[3, 4], [-1, 2]]]
    """
    pairs = [np.stack(np.broadcast_arrays(classes, number), axis=-1) for classes, number in questions]
    return np.stack(pairs, axis=1).astype(np.int64)


class Speeds(Recipe):
    """Part of a recipe: how fast clips are played.

    Attributes:
        speeds: Multiples of the normal speed that are asked for, in rising order.
    """

    speeds: tuple[int, ...] = Field(default=(1, 2, 3, 4), min_length=2)

    @field_validator("speeds")
    @classmethod
    def _rising(cls, speeds: tuple[int, ...]) -> tuple[int, ...]:
        if speeds[0] < 1 or any(a >= b for a, b in pairwise(speeds)):
            raise ValueError("speeds must be whole numbers of 1 or more, in increasing order")
        return speeds


class ClipClassifier(nn.Module):
    """A backbone, and one linear layer on its features for each question.

    Args:
        backbone: Maps clips to features.
        classes: Number of classes of each question, by its name.
    """

    def __init__(self, backbone: VideoBackbone, classes: Mapping[str, int]) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = nn.ModuleDict({k: nn.Linear(backbone.num_features, n) for k, n in classes.items()})

    def forward(self, clips: Tensor) -> dict[str, Tensor]:
        """Logits ``(N, C)`` of each question in float32, by its name."""
        features = self.backbone(clips)
        return {name: head(features).float() for name, head in self.heads.items()}


def classification_task(
    backbone: VideoBackbone, questions: Mapping[str, int], augmented: Callable[[VideoBatch], Tensor]
) -> VideoTask:
    """Cross-entropy of one or more questions about a clip, whose answers its sampler knows.

    Samplers of such tasks give :func:`class_labels`. On clips that are watched, the record has for each
    question the ``<question>_accuracy``, and as its ``<question>_chance`` what guessing among the classes
    that are possible for a clip comes to.

    Args:
        backbone: The network to train, on its device.
        questions: Number of classes of each question, by its name, in the order of the labels.
        augmented: Clips ``(M, T, 3, H, W)`` in [0, 1] of a batch.
    """
    network = ClipClassifier(backbone, questions).to(backbone.device)

    def prepare(batch: VideoBatch) -> tuple[Tensor, ...]:
        return augmented(batch), batch.labels

    def loss(model: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        clips, labels = inputs
        logits, classes = model(clips).values(), labels[..., 0].unbind(dim=1)
        losses = [F.cross_entropy(y, c, ignore_index=NOT_ASKED) for y, c in zip(logits, classes, strict=True)]
        return torch.stack(losses).sum()

    def measure(batch: VideoBatch) -> Mapping[str, float]:
        figures = {}
        logits = network(augmented(batch)).items()
        for (name, y), labels in zip(logits, batch.labels.unbind(dim=1), strict=True):
            asked = labels[:, 0] != NOT_ASKED
            classes, numbers = labels[asked].unbind(dim=1)
            figures[f"{name}_accuracy"] = float((y[asked].argmax(dim=1) == classes).float().mean())
            figures[f"{name}_chance"] = float((1 / numbers).mean())
        return figures

    return VideoTask(network, backbone.forward, prepare, loss, measure)


def augmented_by(augment: Compose) -> Callable[[VideoBatch], Tensor]:
    """Clips of a batch, each changed by draws of its own, all its frames alike.

    Args:
        augment: The augmentation.
    """
    return lambda batch: augment(batch.frames, batch.generator())
