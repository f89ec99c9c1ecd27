"""Hyper-parameters that all image methods share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from aqa_bench.core.recipe import Recipe
from aqa_bench.learn.features import Pooling
from aqa_bench.learn.frames import FrameSpec
from aqa_bench.learn.temporal_head import HeadKind, TrainingConfig

__all__ = ["ImageRecipe", "PretrainingRecipe"]

_SHARED = frozenset({"backbone", "weights", "weights_sha256", "resize", "crop"})
_NOT_THE_WEIGHTS = frozenset({"pretraining_seeds"})


class ImageRecipe(Recipe):
    """Backbone, frames, and what is trained on labels.

    Attributes:
        backbone: ``resnet18``, ``efficientnet-lite0`` or ``timm:<name>``.
        weights: ``imagenet``, ``random`` or the path of a weight file.
        weights_sha256: Expected digest of that file.
        resize: Side in pixels to which frames are squashed.
        crop: Side of the central square that is kept; null keeps all.
        frames: Frames read of a clip, spread evenly; null reads all.
        length: Frames that feature sequences are resampled to.
        pooling: ``gap`` (pooled features, as in the paper) or ``map`` (coarse spatial maps).
        stages: With ``map``, the backbone's stages to take maps from.
        grid: With ``map``, positions along either axis.
        standardise: Whether features get mean 0 and standard deviation 1 over the training set.
        components: Principal components of the training features that are kept; null keeps all.
        head: Head on the features of clips.
        image_head: Head on the features of still images.
        finetune: Whether still images are learned end to end, backbone included.
        finetune_lr: Learning rate of that; its optimiser is AdamW.
        finetune_epochs: Most epochs of that.
        finetune_batch_size: Images a step of that.
        finetune_augmentation: Name of its augmentation.
        width: Width of the head.
        blocks: Residual blocks of ``resnet1d``.
        dropout: Dropout before the last layer.
        head_optimizer: The head's optimiser.
        head_lr: The head's learning rate.
        head_weight_decay: The head's weight decay; fine-tuning has the same.
        head_epochs: The head's most epochs; exactly so many where there is no val.
        head_batch_size: Samples a step.
        patience: Epochs without a better val score before training on labels stops; null never stops early.
        class_weights: Whether both classes weigh the same in the loss of binary tasks.
        select: What the kept epoch is best at on val: ``f1`` or ``loss``.
    """

    backbone: str = "resnet18"
    weights: str = "imagenet"
    weights_sha256: str | None = None
    resize: int = Field(default=320, ge=8)
    crop: int | None = Field(default=224, ge=8)
    frames: int | None = Field(default=None, ge=1)
    length: int = Field(default=200, ge=8)
    pooling: Literal["gap", "map"] = "gap"
    stages: tuple[int, ...] = (-1,)
    grid: int | None = Field(default=4, ge=1)
    standardise: bool = False
    components: int | None = Field(default=None, ge=1)
    head: HeadKind = "resnet1d"
    image_head: Literal["linear", "mlp"] = "linear"
    finetune: bool = True
    finetune_lr: float = Field(default=1e-4, gt=0)
    finetune_epochs: int = Field(default=20, ge=1)
    finetune_batch_size: int = Field(default=32, ge=2)
    finetune_augmentation: str = "light"
    width: int = Field(default=256, ge=1)
    blocks: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    head_optimizer: Literal["adamw", "adam", "adadelta", "sgd"] = "adamw"
    head_lr: float = Field(default=1e-4, gt=0)
    head_weight_decay: float = Field(default=0.01, ge=0)
    head_epochs: int = Field(default=100, ge=1)
    head_batch_size: int = Field(default=16, ge=2)
    patience: int | None = Field(default=30, ge=1)
    class_weights: bool = True
    select: Literal["f1", "loss"] = "f1"

    def frame_spec(self, frames: int | None) -> FrameSpec:
        """Frames of a clip at the recipe's size."""
        return FrameSpec(frames, self.resize, self.crop)

    def frame_pooling(self) -> Pooling:
        """What is kept of a frame."""
        return Pooling(self.pooling, self.stages, self.grid)

    def head_training(self) -> TrainingConfig:
        """Optimisation of the head."""
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
        return TrainingConfig(
            optimizer="adamw",
            lr=self.finetune_lr,
            weight_decay=self.head_weight_decay,
            epochs=self.finetune_epochs,
            batch_size=self.finetune_batch_size,
            patience=self.patience,
            class_weights=self.class_weights,
            select=self.select,
        )


class PretrainingRecipe(ImageRecipe):
    """Pre-training on frames of clips without labels.

    Attributes:
        pool_frames: Frames kept of a clip of the pool, spread evenly; null keeps all.
        held_out: Share of the pool that only watches the pre-training, at most 500 clips.
        epochs: Passes over the pool.
        steps: Batches in all, in place of ``epochs``; rounded up to whole epochs.
        batch_size: Triplets, or frames, a batch.
        accumulate: Batches whose mean gradient makes one step.
        optimizer: Optimiser.
        lr: Learning rate.
        weight_decay: Weight decay.
        schedule: ``constant`` or ``cosine`` (to 0, step by step).
        warmup: Steps over which the learning rate rises linearly to its full value.
        freeze: Stages of the backbone that do not train; a departure from the papers.
        augmentation: Name of the augmentation.
        pretraining_seeds: Pre-trainings that the seeds of a run share: seed ``s`` uses the one of number
            ``s`` modulo this. With null every seed has its own.
    """

    pool_frames: int | None = Field(default=None, ge=2)
    held_out: float = Field(default=0.1, ge=0, lt=1)
    epochs: int = Field(default=100, ge=1)
    steps: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=25, ge=2)
    accumulate: int = Field(default=1, ge=1)
    optimizer: Literal["adamw", "adam", "sgd"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = Field(default=0, ge=0)
    freeze: int = Field(default=0, ge=0)
    augmentation: str = "none"
    pretraining_seeds: int | None = Field(default=None, ge=1)

    def pretraining_seed(self, run_seed: int) -> int:
        """Number of the pre-training that a run of this seed uses.

        Example:
            >>> [PretrainingRecipe(pretraining_seeds=3).pretraining_seed(seed) for seed in range(5)]
            [0, 1, 2, 0, 1]
        """
        return run_seed if self.pretraining_seeds is None else run_seed % self.pretraining_seeds

    def pretraining(self) -> dict[str, Any]:
        """The values that the pre-trained weights depend on, as plain JSON."""
        own = type(self).model_fields.keys() - ImageRecipe.model_fields.keys() - _NOT_THE_WEIGHTS
        return self.model_dump(mode="json", include=set(own | _SHARED))
