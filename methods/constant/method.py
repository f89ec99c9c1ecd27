"""The always-error control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import rebuilt
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import TaskKind

__all__ = ["Constant", "ConstantPredictor", "ConstantRecipe"]


class ConstantRecipe(Recipe):
    """The method has no hyper-parameters."""


@dataclass(frozen=True, slots=True)
class ConstantPredictor:
    """Gives every sample the same score.

    Attributes:
        score: That score.
    """

    score: float

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """The score, once per sample: ``(n,)`` float64."""
        return np.full(len(samples), self.score)


class Constant(Method[ConstantRecipe]):
    """Every sample is an error; every score is the mean of the training scores.

    With a fraction p of errors in the test set, calling everything an error reaches F1 = 2p / (1 + p), which
    is the floor that F1 is read against.
    """

    def fit(
        self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext
    ) -> ConstantPredictor:
        """Read the mean of the training scores for score tasks, nothing for the others.

        Args:
            train: Labelled samples; their classes do not matter.
            val: Not used.
            pool: Not used.
            ctx: The task; ``report`` receives the number of fitted parameters.
        """
        is_score = ctx.task.kind is TaskKind.SCORE
        ctx.report.parameters = int(is_score)
        return ConstantPredictor(float(train.targets.mean()) if is_score else 1.0)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """What the fit returned."""
        return rebuilt(state, ConstantPredictor)
