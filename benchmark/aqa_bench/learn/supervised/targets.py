"""Labels as networks are trained on them, and outputs as scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import LabeledSet
from aqa_bench.core.task import TaskKind

__all__ = ["TargetCoding"]


@dataclass(frozen=True, slots=True)
class TargetCoding:
    """Two classes, or standardised scores.

    Attributes:
        scale: Mean and standard deviation of the training scores; None for binary tasks.
    """

    scale: tuple[float, float] | None = None

    @classmethod
    def of(cls, train: LabeledSet, ctx: FitContext, method: str) -> TargetCoding:
        """The coding of a task.

        Args:
            train: Labelled samples.
            ctx: Names the task and split.
            method: Name of the method, for the message.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
        """
        is_score = ctx.task.kind is TaskKind.SCORE
        classes = np.unique(train.targets)
        if len(train) < 2 or (not is_score and len(classes) < 2):
            raise MethodError(
                f"{method} cannot learn from samples of one class.",
                where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
                expected="at least two training samples" + ("" if is_score else ", with and without error"),
                found=f"{len(train)} of class {', '.join(f'{value:g}' for value in classes) or 'none'}",
                remedy="Choose a scheme that trains on both classes (aqa-bench dataset info).",
            )
        return cls((float(train.targets.mean()), float(train.targets.std()) or 1.0) if is_score else None)

    @property
    def is_score(self) -> bool:
        """Whether targets are scores."""
        return self.scale is not None

    @property
    def num_outputs(self) -> int:
        """Outputs of a network."""
        return 1 if self.is_score else 2

    def encode(self, targets: npt.NDArray[np.float64]) -> Tensor:
        """``(n,)`` targets as int64 classes, or float32 standardised scores."""
        if self.scale is None:
            return torch.from_numpy(targets).long()
        mean, deviation = self.scale
        return torch.from_numpy((targets - mean) / deviation).float()

    def decode(self, outputs: Tensor) -> npt.NDArray[np.float64]:
        """``(n, C)`` outputs as softmax probabilities of error, or scores: ``(n,)`` float64."""
        wide = outputs.double().cpu()
        if self.scale is None:
            return np.asarray(wide.softmax(dim=1)[:, 1].numpy())
        mean, deviation = self.scale
        return np.asarray(wide[:, 0].numpy() * deviation + mean)
