"""Hyper-parameters of features."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aqa_bench.learn.heads.build import HeadKind
from aqa_bench.learn.methods.feature_recipe import FeatureRecipe
from aqa_bench.learn.supervised.training import TrainingConfig

__all__ = ["ImportedFeaturesRecipe"]


class ImportedFeaturesRecipe(FeatureRecipe):
    """What is done to features, the head and its training; ``path`` and ``sha256`` name the features.

    Attributes:
        length: Frames that sequences are resampled to.
        standardise: Whether every feature is brought to mean 0 and standard deviation 1 of the training
            samples.
        components: Principal components of the training features that are kept; null keeps features.
        head: Head on sequences ``(T, D)``.
        vector_head: Head on vectors ``(D,)``.
        width: Channels of ``resnet1d``, or width of the other heads.
        blocks: Residual blocks of ``resnet1d``.
        dropout: Dropout before the last layer.
        optimizer: Optimiser.
        lr: Learning rate.
        weight_decay: Weight decay.
        epochs: Most epochs; exactly so many where there is no val.
        batch_size: Samples per step.
        patience: Epochs without a better val score before training stops; null never stops early.
        class_weights: Whether both classes weigh the same in the loss of binary tasks.
        select: What the kept epoch is best at on val: ``f1`` (at 0.5, ties by loss; score tasks always
            use the loss) or ``loss``.
    """

    length: int = Field(default=200, ge=8)
    standardise: bool = True
    components: int | None = Field(default=None, ge=1)
    head: HeadKind = "resnet1d"
    vector_head: Literal["linear", "mlp"] = "linear"
    width: int = Field(default=256, ge=1)
    blocks: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    optimizer: Literal["adamw", "adam", "adadelta", "sgd"] = "adamw"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=16, ge=2)
    patience: int | None = Field(default=30, ge=1)
    class_weights: bool = True
    select: Literal["f1", "loss"] = "f1"

    def training(self) -> TrainingConfig:
        """Optimisation of the head."""
        return TrainingConfig(
            optimizer=self.optimizer,
            lr=self.lr,
            weight_decay=self.weight_decay,
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            class_weights=self.class_weights,
            select=self.select,
        )
