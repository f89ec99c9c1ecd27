"""The bar's track, without the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import plain_state, rebuilt
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import Modality, Unit
from aqa_bench.learn.heads.build import HeadKind, build_head
from aqa_bench.learn.supervised.targets import FitData, HeadPredictor, TargetCoding
from aqa_bench.learn.supervised.training import TrainingConfig, fit_head
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import deterministic, resolve_device
from aqa_bench.learn.training.network_state import load_network

from .track import bar_box_features, bar_track, unit_of

__all__ = ["BarOnly", "BarRecipe"]

_TINY = 1e-6


class BarRecipe(Recipe):
    """Hyper-parameters of the head and its training.

    Attributes:
        length: Times that tracks are resampled to.
        head: Head on the tracks of clips.
        image_head: Head on the boxes of still images.
        width: Width of the head.
        blocks: Residual blocks of ``resnet1d``.
        dropout: Dropout before the last layer.
        lr: AdamW's learning rate.
        weight_decay: Its weight decay.
        epochs: Most epochs; exactly so many where there is no val.
        batch_size: Samples per step.
        patience: Epochs without a better val score before training stops; null never stops early.
        select: What the kept epoch is best at on val: ``f1`` or ``loss``.
    """

    length: int = Field(default=64, ge=8)
    head: HeadKind = "resnet1d"
    image_head: Literal["linear", "mlp"] = "mlp"
    width: int = Field(default=32, ge=1)
    blocks: int = Field(default=2, ge=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    epochs: int = Field(default=60, ge=1)
    batch_size: int = Field(default=16, ge=2)
    patience: int | None = Field(default=15, ge=1)
    select: Literal["f1", "loss"] = "loss"

    def training(self) -> TrainingConfig:
        """Optimisation of the head."""
        return TrainingConfig(
            lr=self.lr,
            weight_decay=self.weight_decay,
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            select=self.select,
        )


@dataclass(frozen=True)
class BarInputs:
    """Makes the head's inputs.

    Attributes:
        length: Times that tracks are resampled to.
        boxes: Whether the bar's boxes are read beside its trajectory.
        clips: Whether samples are clips rather than still images.
        mean: Mean of each column in training, float32.
        scale: Its standard deviation.
    """

    length: int
    boxes: bool
    clips: bool
    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]

    def __call__(self, samples: Sequence[Sample]) -> Tensor:
        """Standardised tracks ``(n, length, D)``, or boxes ``(n, D)``, float32."""
        raw = _tracks(samples, self.length, boxes=self.boxes, clips=self.clips)
        return (raw - torch.from_numpy(self.mean)) / torch.from_numpy(self.scale)

    def state(self) -> State:
        """All of it."""
        return plain_state(self)


class BarOnly(Method[BarRecipe]):
    """The control that knows where the bar is and how fast it moves, and nothing of the person."""

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Train a head on tracks of clips or boxes of still images.

        Args:
            train: Labelled samples of both classes.
            val: Chooses the epoch that is kept; may be empty.
            pool: Not used.
            ctx: Task, seeds and device.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: No clip has a trajectory, or an image has no box of the bar.
        """
        recipe, device = self.recipe, resolve_device(ctx.device)
        coding = TargetCoding.of(train, ctx, type(self).__name__)
        clips = unit_of(train.samples[0].media) is Unit.CLIP
        _check(train.samples, clips=clips)
        # All or none: a column that only some samples have would tell which ones.
        boxes = all(Modality.BAR_BOXES in sample.media.provides for sample in train.samples)

        known = _tracks(train.samples, recipe.length, boxes=boxes, clips=clips)
        flat = known.flatten(0, -2)
        # From train alone, and one pair of figures for all times: figures of each time would take the
        # shape of the typical lift away.
        mean, scale = flat.mean(dim=0), flat.std(dim=0, correction=0).clamp_min(_TINY)
        inputs = BarInputs(recipe.length, boxes, clips, mean.numpy(), scale.numpy())
        x = (known - mean) / scale
        data = FitData(train, val, coding)
        with deterministic(ctx.seed):
            head = self._head(recipe.head if clips else recipe.image_head, x.shape[-1], coding)
            result = fit_head(head, x, inputs, data, recipe.training(), ctx, device)
        ctx.report.update(
            parameters=parameter_count(head),
            gflops=round(giga_multiply_adds(head, x[:1].to(device)), 6),
            device=str(device),
            dtype="float32",
            batch_size=recipe.batch_size,
            **result.facts(),
        )
        ctx.report.extras["range_of_motion"] = boxes and clips
        return HeadPredictor(inputs, head, coding, device, recipe.batch_size)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """The head, on the device of ``ctx``.

        Raises:
            DataError: The state is of another recipe.
        """
        told, coding = state.part("head"), TargetCoding.restored(state.part("coding"))
        head = load_network(self._head(told.fact("kind"), told.fact("in_features"), coding), told)
        inputs, device = rebuilt(state.part("inputs"), BarInputs), resolve_device(ctx.device)
        return HeadPredictor(inputs, head.to(device), coding, device, self.recipe.batch_size)

    def _head(self, kind: HeadKind, in_features: int, coding: TargetCoding) -> nn.Module:
        recipe = self.recipe
        return build_head(
            kind,
            in_features,
            coding.num_outputs,
            width=recipe.width,
            blocks=recipe.blocks,
            dropout=recipe.dropout,
        )


def _tracks(samples: Sequence[Sample], length: int, *, boxes: bool, clips: bool) -> Tensor:
    rows = [bar_track(s.media, length, boxes=boxes) if clips else bar_box_features(s.media) for s in samples]
    return torch.from_numpy(np.stack(rows))


def _check(samples: Sequence[Sample], *, clips: bool) -> None:
    wanted = Modality.TRAJECTORY if clips else Modality.BAR_BOXES
    if not any(wanted in sample.media.provides for sample in samples):
        raise DataError(
            "These samples carry no barbell track.",
            expected=f"media that provide {wanted}",
            found=", ".join(sorted(samples[0].media.provides)) or "nothing",
            remedy="Detect the barbell first (aqa-bench detector), or skip this control.",
        )
