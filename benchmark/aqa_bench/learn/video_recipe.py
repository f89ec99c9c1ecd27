"""Hyper-parameters that all video methods share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from torch import nn

from aqa_bench.core.recipe import Recipe
from aqa_bench.learn.clip_spec import ClipSpec, Order
from aqa_bench.learn.frames import FrameSpec
from aqa_bench.learn.temporal_head import TrainingConfig, build_head

__all__ = ["VideoPretrainingRecipe", "VideoRecipe"]

_SHARED = frozenset({"backbone", "weights", "weights_sha256", "resize", "crop"})
_NOT_THE_WEIGHTS = frozenset({"pretraining_seeds", "keep"})


class VideoRecipe(Recipe):
    """Backbone, clips, and what is trained on labels.

    Attributes:
        backbone: ``r2plus1d_18``, ``r3d_18``, ``mc3_18``, ``r2plus1d-small`` or ``pytorchvideo:<hub name>``.
        weights: ``kinetics``, ``random`` or the path of a weight file.
        weights_sha256: Expected digest of that file.
        resize: Side in pixels to which frames are squashed.
        crop: Side of the central square that is kept; null keeps all.
        frames: Frames a clip, spread evenly.
        clips: Successive clips that a sample is cut into; their features are averaged.
        order: ``forward``, or as controls of what motion is worth ``still`` or ``shuffled``.
        regime: ``finetune`` (backbone and head together) or ``frozen`` (a head on features).
        head: ``linear`` or ``mlp``.
        width: Width of the hidden layer of ``mlp``.
        dropout: Dropout before the last layer.
        finetune_optimizer: Optimiser of fine-tuning.
        finetune_lr: Its learning rate.
        finetune_weight_decay: Its weight decay.
        finetune_epochs: Its most epochs; exactly so many where there is no val.
        finetune_batch_size: Clips a step.
        finetune_augmentation: Name of its augmentation, which never mirrors: errors have sides.
        standardise: Whether frozen features get mean 0 and standard deviation 1 over the training set.
        head_optimizer: Optimiser of a head on frozen features.
        head_lr: Its learning rate.
        head_weight_decay: Its weight decay.
        head_epochs: Its most epochs.
        head_batch_size: Samples a step.
        patience: Epochs without a better val score before training on labels stops; null never stops early.
        class_weights: Whether both classes weigh the same in the loss of binary tasks.
        select: What the kept epoch is best at on val: ``f1`` or ``loss``.
    """

    backbone: str = "r2plus1d_18"
    weights: str = "kinetics"
    weights_sha256: str | None = None
    resize: int = Field(default=128, ge=8)
    crop: int | None = Field(default=112, ge=8)
    frames: int = Field(default=32, ge=1)
    clips: int = Field(default=1, ge=1)
    order: Order = "forward"
    regime: Literal["finetune", "frozen"] = "finetune"
    head: Literal["linear", "mlp"] = "linear"
    width: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    finetune_optimizer: Literal["adamw", "adam", "sgd"] = "adam"
    finetune_lr: float = Field(default=1e-4, gt=0)
    finetune_weight_decay: float = Field(default=0.0, ge=0)
    finetune_epochs: int = Field(default=50, ge=1)
    finetune_batch_size: int = Field(default=8, ge=2)
    finetune_augmentation: str = "light"
    standardise: bool = True
    head_optimizer: Literal["adamw", "adam", "adadelta", "sgd"] = "adamw"
    head_lr: float = Field(default=1e-3, gt=0)
    head_weight_decay: float = Field(default=0.01, ge=0)
    head_epochs: int = Field(default=100, ge=1)
    head_batch_size: int = Field(default=16, ge=2)
    patience: int | None = Field(default=10, ge=1)
    class_weights: bool = True
    select: Literal["f1", "loss"] = "f1"

    def clip_spec(self) -> ClipSpec:
        """Clips of a labelled sample."""
        return ClipSpec(self.frames, self.clips, self.resize, self.crop, self.order)

    def new_head(self, in_features: int, num_outputs: int) -> nn.Module:
        """The head, its initial weights drawn from PyTorch's default generator.

        Args:
            in_features: Length of a feature.
            num_outputs: Number of logits or regression values.
        """
        return build_head(self.head, in_features, num_outputs, width=self.width, dropout=self.dropout)

    def finetuning(self) -> TrainingConfig:
        """Optimisation of backbone and head together."""
        return TrainingConfig(
            optimizer=self.finetune_optimizer,
            lr=self.finetune_lr,
            weight_decay=self.finetune_weight_decay,
            epochs=self.finetune_epochs,
            batch_size=self.finetune_batch_size,
            patience=self.patience,
            class_weights=self.class_weights,
            select=self.select,
        )

    def head_training(self) -> TrainingConfig:
        """Optimisation of a head on frozen features."""
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


class VideoPretrainingRecipe(VideoRecipe):
    """Pre-training on clips without labels.

    Attributes:
        pool_frames: Frames kept of a clip of the pool, spread evenly; null keeps all.
        clip_frames: Frames of a clip that the pretext makes.
        held_out: Share of the pool that only watches the pre-training, at most 500 clips.
        epochs: Passes over the pool.
        steps: Batches in all, in place of ``epochs``; rounded up to whole epochs.
        batch_size: Clips of the pool a batch.
        accumulate: Batches whose mean gradient makes one step.
        optimizer: Optimiser.
        lr: Learning rate.
        weight_decay: Weight decay.
        schedule: ``constant`` or ``cosine`` (to 0, step by step).
        warmup: Steps over which the learning rate rises linearly to its full value.
        augmentation: Name of the augmentation.
        keep: Whose weights are used: ``last`` epoch's, or those of the epoch whose frozen features a
            linear layer judges best on val (``probe``), chosen anew for every task and split.
        pretraining_seeds: Pre-trainings that the seeds of a run share: seed ``s`` uses the one of number
            ``s`` modulo this. With null every seed has its own.
    """

    pool_frames: int | None = Field(default=None, ge=2)
    clip_frames: int = Field(default=16, ge=2)
    held_out: float = Field(default=0.1, ge=0, lt=1)
    epochs: int = Field(default=20, ge=1)
    steps: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=5, ge=2)
    accumulate: int = Field(default=1, ge=1)
    optimizer: Literal["adamw", "adam", "sgd"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = Field(default=0, ge=0)
    augmentation: str = "strong"
    keep: Literal["last", "probe"] = "last"
    pretraining_seeds: int | None = Field(default=None, ge=1)

    def pool_spec(self) -> FrameSpec:
        """Frames that are kept of a clip of the pool."""
        return FrameSpec(self.pool_frames, self.resize, self.crop)

    def pretraining_seed(self, run_seed: int) -> int:
        """Number of the pre-training that a run of this seed uses."""
        return run_seed if self.pretraining_seeds is None else run_seed % self.pretraining_seeds

    def pretraining(self) -> dict[str, Any]:
        """The values that the pre-trained weights depend on, as plain JSON."""
        own = type(self).model_fields.keys() - VideoRecipe.model_fields.keys() - _NOT_THE_WEIGHTS
        return self.model_dump(mode="json", include=set(own | _SHARED))
