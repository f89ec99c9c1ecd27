"""Hyper-parameters of a backbone and of training on labels, for image and video methods alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from aqa_bench.core.recipe import ADDED_LATER, Recipe
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.augment.transform import Compose
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.supervised.training import TrainingConfig

__all__ = ["WITHOUT_WEIGHTS", "BackboneRecipe"]

WITHOUT_WEIGHTS = {"weights": "random", "weights_sha256": None}
"""What a recipe is changed by where the architecture is wanted and the weights come from elsewhere."""


class BackboneRecipe(Recipe):
    """A backbone, the size of what it sees, and what is trained on labels.

    Attributes:
        backbone: Name of the network.
        weights: Name of its weights, ``random``, or the path of a weight file.
        weights_sha256: Expected digest of that file.
        resize: Side in pixels to which frames are squashed.
        crop: Side of the central square that is kept; null keeps all.
        region: What clips show: whole pictures, or the lifter or the legs, cut out by the runner. What is
            kept of the middle (``crop``) is the region then. Still images are always shown whole.
        region_by: ``fair``: a finder of the lifter that was trained on other clips, or estimated joints
            where a dataset has them. ``joints``: the dataset's joints; where they are exact, the run is
            an oracle's.
        standardise: Whether features get mean 0 and standard deviation 1 over the training set.
        width: Width of the head.
        dropout: Dropout before the last layer.
        finetune_lr: Learning rate of fine-tuning, backbone and head together.
        finetune_epochs: Its most epochs; exactly so many where there is no val.
        finetune_batch_size: Samples per step of it.
        finetune_augmentation: Name of its augmentation.
        head_optimizer: Optimiser of a head on fixed features.
        head_lr: Its learning rate.
        head_weight_decay: Its weight decay.
        head_epochs: Its most epochs; exactly so many where there is no val.
        head_batch_size: Samples per step of it.
        patience: Epochs without a better val score before training on labels stops; null never stops early.
        class_weights: Whether both classes weigh the same in the loss of binary tasks.
        select: What the kept epoch is best at on val: ``f1`` or ``loss``.
    """

    backbone: str
    weights: str
    weights_sha256: str | None = None
    resize: int = Field(ge=8)
    crop: int | None = Field(ge=8)
    region: Annotated[Literal["frame", "person", "legs"], ADDED_LATER] = "frame"
    region_by: Annotated[Literal["fair", "joints"], ADDED_LATER] = "fair"
    standardise: bool
    width: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    finetune_lr: float = Field(default=1e-4, gt=0)
    finetune_epochs: int = Field(ge=1)
    finetune_batch_size: int = Field(ge=2)
    finetune_augmentation: str = "light"
    head_optimizer: Literal["adamw", "adam", "adadelta", "sgd"] = "adamw"
    head_lr: float = Field(gt=0)
    head_weight_decay: float = Field(default=0.01, ge=0)
    head_epochs: int = Field(default=100, ge=1)
    head_batch_size: int = Field(default=16, ge=2)
    patience: int | None = Field(ge=1)
    class_weights: bool = True
    select: Literal["f1", "loss"] = "f1"

    def frame_spec(self, frames: int | None) -> FrameSpec:
        """Frames of a clip at the recipe's size."""
        return FrameSpec(frames, self.resize, self.crop)

    def finetuning_spec(self, frames: int | None) -> FrameSpec:
        """Frames of a clip that is fine-tuned on: whole ones where they are augmented."""
        return self.frame_spec(frames).augmented_by(self.finetune_augmentation)

    def finetuning_augment(self, flip: float | None = None) -> Compose:
        """The augmentation of frames of :meth:`finetuning_spec`, cropped last.

        Args:
            flip: Probability of mirroring in place of the augmentation's own.
        """
        return augmentation(self.finetune_augmentation, flip=flip, crop=self.frame_spec(None).shown)

    def head_training(self) -> TrainingConfig:
        """Optimisation of a head on fixed features."""
        return TrainingConfig(
            optimizer=self.head_optimizer,
            lr=self.head_lr,
            weight_decay=self.head_weight_decay,
            epochs=self.head_epochs,
            batch_size=self.head_batch_size,
            patience=self.patience,
            class_weights=self.class_weights,
            select=self.select,
        )

    def finetuning(self) -> TrainingConfig:
        """Optimisation of backbone and head together."""
        return replace(
            self.head_training(),
            lr=self.finetune_lr,
            epochs=self.finetune_epochs,
            batch_size=self.finetune_batch_size,
        )
