"""The elevation of the bar in a single image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import rebuilt
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import Modality, TaskKind

__all__ = ["ElevationModel", "Phase", "PhaseRecipe", "bar_elevation"]


class PhaseRecipe(Recipe):
    """Hyper-parameters of the model of elevation.

    Attributes:
        degree: Degree of the polynomial of the elevation.
        c: Inverse regularisation strength of the logistic regression.
        alpha: Regularisation strength of the ridge regression.
    """

    degree: int = Field(default=2, ge=1)
    c: float = Field(default=1.0, gt=0)
    alpha: float = Field(default=1.0, ge=0)


def bar_elevation(media: Media) -> float:
    """How high the bar is in an image; higher is more.

    It is the elevation of the trajectory, in [0, 1], where the media have one of the image, and the
    height of the centre of the bar's box above the picture's upper edge, in pixels and so negative,
    elsewhere. The unit of the latter differs with the camera.

    Raises:
        DataError: The media have neither, or the bar is not seen.
    """
    if Modality.TRAJECTORY in media.provides:
        elevation = float(media.trajectory().elevation[0])
    else:
        # Rows count downwards, so the sign is turned: higher is more in both units.
        elevation = -float(media.bar_boxes()[0, [1, 3]].mean())
    if not np.isfinite(elevation):
        raise DataError(
            "The bar of an image has a position that is not finite.", expected="a finite box", found=elevation
        )
    return elevation


@dataclass(frozen=True, slots=True)
class ElevationModel:
    """A model of the elevation.

    Attributes:
        pipeline: Scaler, polynomial, then a fitted logistic or ridge regression.
        is_score: Whether it predicts scores rather than probabilities of error.
    """

    pipeline: Pipeline
    is_score: bool

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Probability of error, or score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        x = _elevations(samples)
        values: Any = self.pipeline.predict(x) if self.is_score else self.pipeline.predict_proba(x)[:, 1]
        return np.asarray(values, dtype=np.float64)


class Phase(Method[PhaseRecipe]):
    """Logistic regression (errors) or ridge regression (scores) of a polynomial of the bar's elevation."""

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Fit the model; both classes weigh the same.

        Args:
            train: Labelled images.
            val: Not used.
            pool: Not used.
            ctx: The task; ``report`` receives the number of fitted parameters.

        Raises:
            DataError: The images tell nothing of the bar.
            MethodError: All training samples are of one class.
        """
        recipe, is_score = self.recipe, ctx.task.kind is TaskKind.SCORE
        if not is_score and len(np.unique(train.targets)) < 2:
            raise MethodError(
                "The training split has only one class, so there is nothing to learn.",
                where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
                expected="training samples with and without error",
                remedy="Choose a scheme that trains on both classes (aqa-bench dataset info).",
            )
        model = (
            Ridge(alpha=recipe.alpha)
            if is_score
            else LogisticRegression(C=recipe.c, class_weight="balanced", max_iter=1000)
        )
        powers = PolynomialFeatures(recipe.degree, include_bias=False)
        pipeline = make_pipeline(StandardScaler(), powers, model)
        ctx.report.parameters = recipe.degree + 1
        return ElevationModel(pipeline.fit(_elevations(train.samples), train.targets), is_score)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """What the fit returned."""
        return rebuilt(state, ElevationModel)


def _elevations(samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
    return np.array([[bar_elevation(sample.media)] for sample in samples])
