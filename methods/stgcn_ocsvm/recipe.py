"""Hyper-parameters of stgcn-ocsvm."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from aqa_bench.core.recipe import Recipe

__all__ = ["STGCNRecipe", "Variant"]


class Variant(StrEnum):
    """What the network learns of form labels before the One-Class SVM."""

    FROZEN = "frozen"
    """Nothing."""
    CLEAN = "clean"
    """Those of the training samples, among them bad ones that are not tested on."""
    LEAKY = "leaky"
    """Those of every sample, tested ones included, as published."""


class STGCNRecipe(Recipe):
    """Hyper-parameters of features, pre-training, logistic stage and One-Class SVM.

    Attributes:
        variant: What the network learns of form labels.
        weights: Path of the published Kinetics checkpoint; null for none.
        pretrain: Without ``weights``: ``exercise`` recognises the exercise, without form labels; ``none``
            stays random; ``kinetics`` refuses to begin.
        pretrain_on: Exercises that are recognised: all that the pool has, or all but the judged one, so
            that every split starts from the same weights.
        pretrain_epochs: Epochs of exercise recognition.
        pretrain_lr: Adam's learning rate for it.
        frames: Frames that every clip is brought to.
        fit: ``resample`` takes the nearest frames, evenly spread; ``pad`` adds zeros at the end and cuts
            longer clips to their middle.
        torso: Length of the torso, as a share of the picture's side.
        trainable_blocks: Last blocks that the logistic stage trains, of ten; with ten, the input
            normalisation too.
        epochs: Epochs of the logistic stage.
        head_lr: Adam's learning rate for the logistic layer.
        body_lr: Adam's learning rate for the blocks.
        freeze_bn: Whether batch normalisation keeps its statistics in the logistic stage.
        batch_size: Clips in a step, and clips at once in feature extraction.
        nu: Upper bound on the share of training samples outside the boundary.
        gamma: Width of the RBF kernel.
    """

    variant: Variant = Variant.FROZEN
    weights: Path | None = None
    pretrain: Literal["exercise", "none", "kinetics"] = "exercise"
    pretrain_on: Literal["others", "all"] = "others"
    pretrain_epochs: int = Field(default=30, ge=1)
    pretrain_lr: float = Field(default=1e-3, gt=0)
    frames: int = Field(default=150, ge=16)
    fit: Literal["pad", "resample"] = "pad"
    torso: float = Field(default=0.2, gt=0, le=1)
    trainable_blocks: int = Field(default=10, ge=1, le=10)
    epochs: int = Field(default=30, ge=1)
    head_lr: float = Field(default=1e-3, gt=0)
    body_lr: float = Field(default=1e-4, gt=0)
    freeze_bn: bool = True
    batch_size: int = Field(default=16, ge=2)
    nu: float = Field(default=0.1, gt=0, le=1)
    gamma: float | Literal["scale", "auto"] = "scale"
