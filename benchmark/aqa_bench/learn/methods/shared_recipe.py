"""Hyper-parameters that image and video methods share."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from aqa_bench.core.recipe import Recipe
from aqa_bench.learn.supervised.head_training import TrainingConfig

__all__ = ["OF_THE_BACKBONE", "BackboneRecipe", "PoolRecipe"]

#: What pre-trained weights depend on besides the pre-training's own hyper-parameters.
OF_THE_BACKBONE = frozenset({"backbone", "weights", "weights_sha256", "resize", "crop"})


class BackboneRecipe(Recipe):
    """A backbone, the size of what it sees, and what is trained on labels.

    Attributes:
        backbone: Name of the network.
        weights: Name of its weights, ``random``, or the path of a weight file.
        weights_sha256: Expected digest of that file.
        resize: Side in pixels to which frames are squashed.
        crop: Side of the central square that is kept; null keeps all.
        standardise: Whether features get mean 0 and standard deviation 1 over the training set.
        width: Width of the head.
        dropout: Dropout before the last layer.
        finetune_lr: Learning rate of fine-tuning, backbone and head together.
        finetune_epochs: Its most epochs; exactly so many where there is no val.
        finetune_batch_size: Samples a step of it.
        finetune_augmentation: Name of its augmentation.
        head_optimizer: Optimiser of a head on fixed features.
        head_lr: Its learning rate.
        head_weight_decay: Its weight decay.
        head_epochs: Its most epochs; exactly so many where there is no val.
        head_batch_size: Samples a step of it.
        patience: Epochs without a better val score before training on labels stops; null never stops early.
        class_weights: Whether both classes weigh the same in the loss of binary tasks.
        select: What the kept epoch is best at on val: ``f1`` or ``loss``.
    """

    backbone: str
    weights: str
    weights_sha256: str | None = None
    resize: int = Field(ge=8)
    crop: int | None = Field(ge=8)
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


class PoolRecipe(Recipe):
    """Pre-training on clips without labels.

    Attributes:
        pool_frames: Frames kept of a clip of the pool, spread evenly; null keeps all.
        held_out: Share of the pool that only watches the pre-training, at most 500 clips.
        epochs: Passes over the pool.
        steps: Batches in all, in place of ``epochs``; rounded up to whole epochs.
        batch_size: What a batch holds: triplets, frames, or clips of the pool.
        accumulate: Batches whose mean gradient makes one step.
        optimizer: Optimiser.
        lr: Learning rate.
        weight_decay: Weight decay.
        schedule: ``constant`` or ``cosine`` (to 0, step by step).
        warmup: Steps over which the learning rate rises linearly to its full value.
        augmentation: Name of the augmentation.
        pretraining_seeds: Pre-trainings that the seeds of a run share: seed ``s`` uses the one of number
            ``s`` modulo this. With null every seed has its own.
    """

    pool_frames: int | None = Field(default=None, ge=2)
    held_out: float = Field(default=0.1, ge=0, lt=1)
    epochs: int = Field(ge=1)
    steps: int | None = Field(default=None, ge=1)
    batch_size: int = Field(ge=2)
    accumulate: int = Field(default=1, ge=1)
    optimizer: Literal["adamw", "adam", "sgd"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = Field(default=0, ge=0)
    augmentation: str
    pretraining_seeds: int | None = Field(default=None, ge=1)

    def pretraining_seed(self, run_seed: int) -> int:
        """Number of the pre-training that a run of this seed uses: the seeds take them in turn."""
        return run_seed if self.pretraining_seeds is None else run_seed % self.pretraining_seeds
