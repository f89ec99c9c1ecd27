"""The shortcut control that sees a clip's length and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import rebuilt
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import TaskKind

__all__ = ["Duration", "DurationRecipe", "LengthModel", "TypicalLength", "log_lengths"]


class DurationRecipe(Recipe):
    """Hyper-parameters of the length models.

    Attributes:
        c: Inverse regularisation strength of the logistic regression.
        alpha: Regularisation strength of the ridge regression.
        boundary: Standard deviations of log length beyond which a clip is an error, where only one class
            was trained on.
    """

    c: float = Field(default=1.0, gt=0)
    alpha: float = Field(default=1.0, ge=0)
    boundary: float = Field(default=2.0, gt=0)


def log_lengths(samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
    """Natural logarithm of the number of frames of each sample: ``(n,)`` float64."""
    # Logarithms: twice as long and half as long are equally unusual.
    return np.log([float(sample.media.length) for sample in samples])


@dataclass(frozen=True, slots=True)
class LengthModel:
    """A linear model of standardised log length.

    Attributes:
        pipeline: Scaler, then a fitted logistic or ridge regression.
        is_score: Whether it predicts scores rather than probabilities of error.
    """

    pipeline: Pipeline
    is_score: bool

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Probability of error, or score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        x = log_lengths(samples)[:, None]
        values: Any = self.pipeline.predict(x) if self.is_score else self.pipeline.predict_proba(x)[:, 1]
        return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class TypicalLength:
    """Distance from the typical log length of one class.

    Attributes:
        mean: Mean log length.
        deviation: Standard deviation of log length, positive.
        boundary: Distance in standard deviations that scores 0.5.
    """

    mean: float
    deviation: float
    boundary: float

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """``d / (d + boundary)`` in [0, 1), d in standard deviations from the mean: ``(n,)`` float64."""
        distance = np.abs(log_lengths(samples) - self.mean) / self.deviation
        return distance / (distance + self.boundary)


class Duration(Method[DurationRecipe]):
    """Logistic regression (errors), ridge regression (scores) or typical range (one class) of log length."""

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Fit the model that the task and the classes of ``train`` call for.

        Classes are weighted equally. Where every training sample is of one class, errors are clips of unusual
        length; the standard deviation is then taken to be at least one frame of the typical length.

        Args:
            train: Labelled samples whose media know their length.
            val: Not used.
            pool: Not used.
            ctx: The task; ``report`` receives the number of fitted parameters.

        Raises:
            DataError: The dataset's samples have no frame count.
        """
        x = log_lengths(train.samples)
        ctx.report.parameters = 2
        if ctx.task.kind is TaskKind.SCORE:
            ridge = make_pipeline(StandardScaler(), Ridge(alpha=self.recipe.alpha))
            return LengthModel(ridge.fit(x[:, None], train.targets), is_score=True)
        # One-class schemes train on good clips alone; then unusual is all that can be called an error.
        if len(np.unique(train.targets)) < 2:
            mean = float(x.mean())
            return TypicalLength(mean, max(float(x.std()), float(np.exp(-mean))), self.recipe.boundary)
        logistic = make_pipeline(
            StandardScaler(), LogisticRegression(C=self.recipe.c, class_weight="balanced")
        )
        return LengthModel(logistic.fit(x[:, None], train.targets), is_score=False)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """What the fit returned."""
        kinds: tuple[type[Predictor], ...] = (LengthModel, TypicalLength)
        return rebuilt(state, *kinds)
