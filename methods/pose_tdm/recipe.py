"""Hyper-parameters of pose-tdm."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from aqa_bench.core.recipe import ADDED_LATER, Recipe

__all__ = ["Source", "TDMRecipe"]


class Source(StrEnum):
    """Where the pose comes from."""

    DATASET = "dataset"
    """The keypoints that samples have: the dataset's own, or those of ``--keypoints``."""
    NOISY = "noisy"
    """The dataset's keypoints, made as bad as an estimator's by the calibrated noise model."""
    HMR = "hmr"
    """The distance matrices that samples have: the dataset's own, as released for HMR, or those of
    ``--keypoints``."""
    MEDIAPIPE = "mediapipe"
    """MediaPipe on the dataset's frames."""
    YOLO_POSE = "yolo-pose"
    """An Ultralytics pose model on the dataset's frames."""
    OPENPOSE = "openpose"
    """OpenPose's keypoints: those that samples have, so the same as ``dataset``, under the name of the source
    that is meant."""
    SPIN = "spin"
    """Joints in space, as SPIN estimates them; no dataset offers them, ``--keypoints`` does."""


class TDMRecipe(Recipe):
    """Hyper-parameters of the features, the head and its training.

    Attributes:
        source: Where the pose comes from.
        region: What an estimator is shown: whole pictures, or the lifter, cut out by the runner.
        layout: Joints whose distances are used; ``hmr`` has its own.
        mirror: Whether every clip is also learnt from as its mirror image, and judged as the mean over both.
        normalise: Divide positions by the clip's median torso length, or leave pixels.
        length: Frames that every distance matrix is resampled to.
        width: Channels of the head.
        blocks: Residual blocks of the head.
        dropout: Dropout before the last layer.
        optimizer: Optimiser.
        lr: Learning rate.
        weight_decay: Weight decay.
        epochs: Most epochs; exactly so many where there is no val.
        batch_size: Clips per step.
        patience: Epochs without a better val score before training stops; null never stops early.
        class_weights: Whether both classes weigh the same in the loss of binary tasks.
        select: What the kept epoch is best at on val: ``f1`` (at 0.5, ties by loss; score tasks always
            use the loss) or ``loss``.
    """

    source: Source = Source.DATASET
    region: Annotated[Literal["frame", "person"], ADDED_LATER] = "frame"
    layout: str = "openpose-18"
    mirror: bool = False
    normalise: Literal["torso", "none"] = "torso"
    length: int = Field(default=200, ge=8)
    width: int = Field(default=256, ge=1)
    blocks: int = Field(default=4, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    optimizer: Literal["adamw", "adam", "adadelta", "sgd"] = "adamw"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=16, ge=2)
    patience: int | None = Field(default=None, ge=1)
    class_weights: bool = True
    select: Literal["f1", "loss"] = "f1"
