"""MiniRocket or MultiRocket on joint positions, judged by a ridge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import expit
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from aqa_bench.core.errors import MethodError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import rebuilt
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import TaskKind

from .joints import stacked_series
from .kernels import LEAST_LENGTH, PATTERNS, Kernels, draw_kernels
from .pooling import four, pooled, proportion

__all__ = ["Rocket", "RocketPredictor", "RocketRecipe"]

_ALPHAS = np.logspace(-3, 3, 10)


class RocketRecipe(Recipe):
    """Hyper-parameters of the series and the kernels.

    Attributes:
        layout: Joints whose positions are the channels.
        length: Points in time that every clip is resampled to.
        pooling: ``proportion`` of positive values (MiniRocket), or MultiRocket's ``four`` numbers.
        differences: Whether as many kernels again look at the differences of neighbouring points in time.
        kernels: Kernels with a bias each, rounded down to a multiple of 84.
    """

    layout: str = "openpose-18"
    length: int = Field(default=128, gt=LEAST_LENGTH)
    pooling: Literal["proportion", "four"] = "proportion"
    differences: bool = False
    kernels: int = Field(default=10_000, ge=len(PATTERNS))


@dataclass(frozen=True)
class RocketPredictor:
    """Kernels and a ridge on their features.

    Attributes:
        recipe: How series are made and features pooled.
        kernels: For the series, and for its differences where they are used.
        ridge: Scaler and fitted ridge.
        is_score: Whether it predicts scores rather than errors.
    """

    recipe: RocketRecipe
    kernels: tuple[tuple[Kernels, ...], ...]
    ridge: Pipeline
    is_score: bool

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Scores, ``(n,)`` float64: the logistic of the ridge's decision value, or the predicted score."""
        if not samples:
            return np.empty(0)
        x = _features(_views(samples, self.recipe), self.kernels, self.recipe)
        if self.is_score:
            return np.asarray(self.ridge.predict(x), dtype=np.float64)
        return np.asarray(expit(self.ridge.decision_function(x)), dtype=np.float64)


class Rocket(Method[RocketRecipe]):
    """MiniRocket (Dempster et al., KDD 2021) or MultiRocket (Tan et al., 2022) on torso-normalised joints."""

    def fit(
        self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext
    ) -> RocketPredictor:
        """Draw kernels on the training clips and fit the ridge to their features.

        Args:
            train: Labelled clips; both classes for binary tasks. The ridge's strength is the best of ten in
                leave-one-out validation on them.
            val: Not used.
            pool: Not used.
            ctx: Task and seed; ``report`` receives the cost and the ridge's strength.

        Raises:
            MethodError: All training clips are of one class, or there is only one.
            DataError: Keypoints do not fit the layout.
        """
        is_score = ctx.task.kind is TaskKind.SCORE
        _check(train, ctx, is_score=is_score)
        rng = np.random.default_rng(ctx.seed)
        views = _views(train.samples, self.recipe)
        kernels = tuple(draw_kernels(series, self.recipe.kernels, rng) for series in views)
        x = _features(views, kernels, self.recipe)
        head = RidgeCV(_ALPHAS) if is_score else RidgeClassifierCV(_ALPHAS, class_weight="balanced")
        # No centring: the ridge has an intercept, and a feature that never varies keeps its scale.
        ridge = make_pipeline(StandardScaler(with_mean=False), head).fit(x, train.targets)
        biases = sum(bank.biases.size for banks in kernels for bank in banks)
        ctx.report.update(parameters=biases + x.shape[1] + 1, device="cpu", dtype="float64", weights="random")
        ctx.report.extras |= {"features": x.shape[1], "alpha": float(head.alpha_)}
        return RocketPredictor(self.recipe, kernels, ridge, is_score)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """What the fit returned."""
        return rebuilt(state, RocketPredictor, parts=(Kernels,), recipe=self.recipe)


def _views(samples: Sequence[Sample], recipe: RocketRecipe) -> list[npt.NDArray[np.float64]]:
    """The series, ``(n, 2 V, T)``, and their differences where the recipe wants them."""
    series = stacked_series(samples, recipe.layout, recipe.length)
    return [series, np.diff(series)] if recipe.differences else [series]


def _features(
    views: Sequence[npt.NDArray[np.float64]], kernels: Sequence[Sequence[Kernels]], recipe: RocketRecipe
) -> npt.NDArray[np.float64]:
    pooling = four if recipe.pooling == "four" else proportion
    return np.hstack([pooled(view, banks, pooling) for view, banks in zip(views, kernels, strict=True)])


def _check(train: LabeledSet, ctx: FitContext, *, is_score: bool) -> None:
    classes = np.unique(train.targets)
    if len(train) < 2 or (not is_score and len(classes) < 2):
        raise MethodError(
            "The training split has only one class, so a ridge classifier cannot learn.",
            where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
            expected="at least two training clips" if is_score else "training clips with and without error",
            found=f"{len(train)} of class {', '.join(f'{value:g}' for value in classes) or 'none'}",
            remedy="Choose a scheme that trains on both classes, e.g. --scheme folds, or a one-class method.",
        )
