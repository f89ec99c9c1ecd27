from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.backbones.videos import build_video_backbone
from aqa_bench.learn.pretraining.video_batches import VideoBatch
from aqa_bench.learn.pretraining.video_classification import (
    NOT_ASKED,
    ClipClassifier,
    augmented_by,
    class_labels,
    classification_task,
)
from aqa_bench.learn.pretraining.video_pretext import VideoTask


def two_questions(backbone: VideoBackbone, name: str = "none") -> VideoTask:
    return classification_task(backbone, {"first": 3, "second": 2}, augmented_by(augmentation(name)))


@pytest.fixture
def batch() -> VideoBatch:
    labels = class_labels(([0, 2, 1, 0], [3, 3, 2, 2]), ([1, NOT_ASKED, 0, NOT_ASKED], 2))
    frames = torch.randint(0, 256, (4, 4, 16, 16, 3), dtype=torch.uint8)
    return VideoBatch(frames, torch.arange(4), torch.from_numpy(labels), 0)


LOGITS = {
    "first": torch.tensor([[2.0, 0, 0], [0, 0, 1], [1, 0, 0], [3, 0, 0]]),
    "second": torch.tensor([[0.0, 1], [5, 5], [0, 2], [7, 7]]),
}


def test_losses_of_the_questions_are_added_where_they_are_asked(batch: VideoBatch) -> None:
    class Model(torch.nn.Module):
        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return LOGITS

    task = two_questions(build_video_backbone("r2plus1d-small", "random"))
    first = F.cross_entropy(LOGITS["first"], torch.tensor([0, 2, 1, 0]))
    second = F.cross_entropy(LOGITS["second"][[0, 2]], torch.tensor([1, 0]))
    assert float(task.loss(Model(), task.prepare(batch))) == pytest.approx(float(first + second))


def test_accuracy_counts_what_is_asked_and_chance_what_is_possible(
    batch: VideoBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = two_questions(build_video_backbone("r2plus1d-small", "random"))
    monkeypatch.setattr(ClipClassifier, "forward", lambda self, x: LOGITS)
    assert task.measure(batch) == pytest.approx(
        {"first_accuracy": 0.75, "first_chance": 5 / 12, "second_accuracy": 0.5, "second_chance": 0.5}
    )


def test_a_network_has_a_layer_for_each_question_and_embeds_with_the_backbone(batch: VideoBatch) -> None:
    backbone = build_video_backbone("r2plus1d-small", "random")
    task = two_questions(backbone, "strong")
    assert {k: v.shape for k, v in task.network(batch.frames).items()} == {"first": (4, 3), "second": (4, 2)}
    assert task.embed(batch.frames).shape == (4, backbone.num_features)


def test_labels_have_a_class_and_a_number_for_each_question() -> None:
    labels = class_labels((np.array([1, 0]), 4))
    assert labels.tolist() == [[[1, 4]], [[0, 4]]]
    assert labels.dtype == np.int64
