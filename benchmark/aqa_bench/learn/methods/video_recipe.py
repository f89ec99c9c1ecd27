"""Hyper-parameters that video methods share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field
from torch import nn

from aqa_bench.learn.features.video_features import ClipSpec, Order
from aqa_bench.learn.heads.build import build_head
from aqa_bench.learn.methods.backbone_recipe import BackboneRecipe
from aqa_bench.learn.pretraining.pretrain import PoolRecipe
from aqa_bench.learn.supervised.training import TrainingConfig

__all__ = ["VideoPoolRecipe", "VideoRecipe"]


class VideoRecipe(BackboneRecipe):
    """Clips, and what is trained on labels.

    Attributes:
        backbone: ``r2plus1d_18``, ``r3d_18``, ``mc3_18``, ``r2plus1d-small`` or ``pytorchvideo:<hub name>``.
        weights: ``kinetics``, ``random`` or the path of a weight file.
        frames: Frames per clip, spread evenly.
        clips: Successive clips that a sample is cut into; their features are averaged.
        order: ``forward``, or as controls of what motion is worth ``still`` or ``shuffled``.
        regime: ``finetune`` (backbone and head together) or ``frozen`` (a head on features).
        head: ``linear`` or ``mlp``.
        width: Width of the hidden layer of ``mlp``.
        finetune_optimizer: Optimiser of fine-tuning.
        finetune_weight_decay: Its weight decay.
        finetune_augmentation: Name of its augmentation, which never mirrors: errors have sides.
    """

    backbone: str = "r2plus1d_18"
    weights: str = "kinetics"
    resize: int = Field(default=128, ge=8)
    crop: int | None = Field(default=112, ge=8)
    frames: int = Field(default=32, ge=1)
    clips: int = Field(default=1, ge=1)
    order: Order = "forward"
    regime: Literal["finetune", "frozen"] = "finetune"
    head: Literal["linear", "mlp"] = "linear"
    finetune_optimizer: Literal["adamw", "adam", "sgd"] = "adam"
    finetune_weight_decay: float = Field(default=0.0, ge=0)
    finetune_epochs: int = Field(default=50, ge=1)
    finetune_batch_size: int = Field(default=8, ge=2)
    standardise: bool = True
    head_lr: float = Field(default=1e-3, gt=0)
    patience: int | None = Field(default=10, ge=1)

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
        return replace(
            super().finetuning(),
            optimizer=self.finetune_optimizer,
            weight_decay=self.finetune_weight_decay,
        )


class VideoPoolRecipe(PoolRecipe):
    """Part of a recipe: pre-training on clips without labels.

    Attributes:
        clip_frames: Frames of a clip that the pretext makes.
        batch_size: Clips of the pool per batch.
        keep: Whose weights are used: ``last`` epoch's, or those of the epoch whose frozen features a
            linear layer judges best on val (``probe``), chosen anew for every task and split.
    """

    clip_frames: int = Field(default=16, ge=2)
    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=5, ge=2)
    augmentation: str = "strong"
    keep: Literal["last", "probe"] = "last"

    def pretraining(self) -> dict[str, Any]:
        """The values that the pre-trained weights depend on, as plain JSON."""
        return self._pretraining(VideoRecipe.model_fields.keys(), {"pretraining_seeds", "keep"})
