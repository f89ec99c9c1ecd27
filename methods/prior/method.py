"""The majority-class control."""

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

__all__ = ["Prior", "PriorPredictor", "PriorRecipe"]


class PriorRecipe(Recipe):
    """The method has no hyper-parameters."""


@dataclass(frozen=True, slots=True)
class PriorPredictor:
    """Gives every sample the mean training target.

    Attributes:
        mean: Error rate in [0, 1], or mean score, of the training set.
    """

    mean: float

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """The mean, once per sample: ``(n,)`` float64."""
        return np.full(len(samples), self.mean)


class Prior(Method[PriorRecipe]):
    """The training error rate as everyone's probability of error.

    Cut at 0.5 it is the majority class of the training set, the floor that accuracy is read against. Trained
    on good samples alone it never reports an error.
    """

    def fit(
        self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext
    ) -> PriorPredictor:
        """Take the mean of the training targets.

        Args:
            train: Labelled samples, at least one.
            val: Not used.
            pool: Not used.
            ctx: ``report`` receives the number of fitted parameters.
        """
        ctx.report.parameters = 1
        return PriorPredictor(float(train.targets.mean()))

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """What the fit returned."""
        return rebuilt(state, PriorPredictor)
