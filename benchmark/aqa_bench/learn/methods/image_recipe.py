"""Hyper-parameters that image methods share."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from aqa_bench.core.recipe import ADDED_LATER
from aqa_bench.learn.features.image_features import Pooling
from aqa_bench.learn.heads.build import HeadKind
from aqa_bench.learn.methods.backbone_recipe import BackboneRecipe
from aqa_bench.learn.pretraining.pretrain import PoolRecipe
from aqa_bench.learn.supervised.training import TrainingConfig

__all__ = ["ImagePoolRecipe", "ImageRecipe"]


class ImageRecipe(BackboneRecipe):
    """Frames, and what is trained on labels.

    Attributes:
        backbone: ``resnet18``, ``resnet-small``, ``efficientnet-lite0`` or ``timm:<name>``.
        weights: ``imagenet``, ``random`` or the path of a weight file.
        frames: Frames read of a clip, spread evenly; null reads all.
        length: Frames that feature sequences are resampled to.
        pooling: ``gap`` (pooled features, as in the paper) or ``map`` (coarse spatial maps).
        stages: With ``map``, the backbone's stages to take maps from.
        grid: With ``map``, positions along either axis.
        components: Principal components of the training features that are kept; null keeps all.
        difference: Whether the difference of every frame from the other half-cycle at the same elevation of
            the bar stands beside its features.
        bandwidth: Width in elevation of the weights of the other half-cycle's frames.
        head: Head on the features of clips.
        image_head: Head on the features of still images.
        finetune: Whether still images are learned end to end, backbone included, by AdamW.
        blocks: Residual blocks of ``resnet1d``.
        head_weight_decay: The head's weight decay; fine-tuning has the same.
    """

    backbone: str = "resnet18"
    weights: str = "imagenet"
    resize: int = Field(default=320, ge=8)
    crop: int | None = Field(default=224, ge=8)
    frames: int | None = Field(default=None, ge=1)
    length: int = Field(default=200, ge=8)
    pooling: Literal["gap", "map"] = "gap"
    stages: tuple[int, ...] = (-1,)
    grid: int | None = Field(default=4, ge=1)
    standardise: bool = False
    components: int | None = Field(default=None, ge=1)
    difference: Annotated[bool, ADDED_LATER] = False
    bandwidth: Annotated[float, ADDED_LATER, Field(gt=0)] = 0.05
    head: HeadKind = "resnet1d"
    image_head: Literal["linear", "mlp"] = "linear"
    finetune: bool = True
    finetune_epochs: int = Field(default=20, ge=1)
    finetune_batch_size: int = Field(default=32, ge=2)
    blocks: int = Field(default=4, ge=1)
    head_lr: float = Field(default=1e-4, gt=0)
    patience: int | None = Field(default=30, ge=1)

    def frame_pooling(self) -> Pooling:
        """What is kept of a frame."""
        return Pooling(self.pooling, self.stages, self.grid)

    def finetuning(self) -> TrainingConfig:
        """Optimisation of backbone and head together."""
        return replace(super().finetuning(), optimizer="adamw")


class ImagePoolRecipe(PoolRecipe):
    """Part of a recipe: pre-training on frames of clips without labels.

    Attributes:
        batch_size: Triplets, or frames, per batch.
        freeze: Stages of the backbone that do not train; a departure from the papers.
    """

    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=25, ge=2)
    freeze: int = Field(default=0, ge=0)
    augmentation: str = "none"

    def pretraining(self) -> dict[str, Any]:
        """The values that the pre-trained weights depend on, as plain JSON."""
        return self._pretraining(ImageRecipe.model_fields.keys(), {"pretraining_seeds"})
