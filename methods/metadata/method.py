"""The shortcut control that sees what is noted of a sample and never the sample itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.linear_model import LogisticRegression, Ridge

from aqa_bench.core.errors import MethodError, RecipeError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.plain_state import rebuilt
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import TaskKind

from .encoding import Encoding, attribute_values

__all__ = ["GroupMean", "LinearModel", "Metadata", "MetadataRecipe"]


class MetadataRecipe(Recipe):
    """What is looked at and how.

    Attributes:
        categorical: Attributes of which each value is a feature of its own.
        numeric: Attributes taken as numbers, standardised on the training set.
        model: ``linear`` (ridge regression of scores, logistic regression of errors), or ``mean``: the mean
            training target of samples with the same values of the categorical attributes.
        alpha: Regularisation strength of the ridge regression.
        c: Inverse regularisation strength of the logistic regression.
    """

    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    model: Literal["linear", "mean"] = "linear"
    alpha: float = Field(default=1.0, ge=0)
    c: float = Field(default=1.0, gt=0)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A linear model of encoded attributes.

    Attributes:
        encoding: How attributes become columns.
        model: A fitted ridge or logistic regression.
        is_score: Whether it predicts scores rather than probabilities of error.
    """

    encoding: Encoding
    model: Any
    is_score: bool

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Probability of error, or score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        x = self.encoding(samples)
        values = self.model.predict(x) if self.is_score else self.model.predict_proba(x)[:, 1]
        return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class GroupMean:
    """The mean training target of samples alike.

    Attributes:
        attributes: Attributes in which samples are alike.
        means: Mean by their values.
        mean: Mean of all, for values that were not seen.
    """

    attributes: tuple[str, ...]
    means: Mapping[tuple[float | str, ...], float]
    mean: float

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """The mean of each sample's like: ``(n,)`` float64."""
        return np.array([self.means.get(key, self.mean) for key in _keys(samples, self.attributes)])


class Metadata(Method[MetadataRecipe]):
    """Ridge regression (scores) or logistic regression (errors) of attributes, or means over groups."""

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Fit the model that recipe and task call for.

        Args:
            train: Labelled samples whose media have the recipe's attributes.
            val: Not used: there is nothing to select.
            pool: Not used.
            ctx: The task; ``report`` receives the number of fitted parameters.

        Raises:
            DataError: Samples lack an attribute of the recipe.
            MethodError: All training samples of a binary task are of one class.
            RecipeError: The recipe names no attribute, or numbers to average over.
        """
        recipe = self.recipe
        if not recipe.categorical and (recipe.model == "mean" or not recipe.numeric):
            raise RecipeError(
                "The recipe names no attribute that this model can use.",
                where="metadata",
                expected="categorical attributes, or numeric ones with the linear model",
                found=f"categorical={recipe.categorical}, numeric={recipe.numeric}",
            )
        if recipe.model == "mean":
            groups: dict[tuple[float | str, ...], list[float]] = {}
            keys = _keys(train.samples, recipe.categorical)
            for key, target in zip(keys, train.targets.tolist(), strict=True):
                groups.setdefault(key, []).append(target)
            ctx.report.parameters = len(groups) + 1
            means = {key: float(np.mean(targets)) for key, targets in groups.items()}
            return GroupMean(recipe.categorical, means, float(train.targets.mean()))
        encoding = Encoding.fit(train.samples, recipe.categorical, recipe.numeric)
        ctx.report.parameters = encoding.num_features + 1
        x = encoding(train.samples)
        if ctx.task.kind is TaskKind.SCORE:
            return LinearModel(encoding, Ridge(alpha=recipe.alpha).fit(x, train.targets), is_score=True)
        if len(np.unique(train.targets)) < 2:
            raise MethodError(
                "The training split has only one class, so there is nothing to learn.",
                where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
                expected="training samples with and without error",
                found="one class",
                remedy="Choose a scheme that trains on both classes (aqa-bench dataset info).",
            )
        logistic = LogisticRegression(C=recipe.c, class_weight="balanced", max_iter=1000)
        return LinearModel(encoding, logistic.fit(x, train.targets), is_score=False)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """What the fit returned."""
        kinds: tuple[type[Predictor], ...] = (LinearModel, GroupMean)
        return rebuilt(state, *kinds, parts=(Encoding,))


def _keys(samples: Sequence[Sample], attributes: Sequence[str]) -> list[tuple[float | str, ...]]:
    columns = [attribute_values(samples, name) for name in attributes]
    return list(zip(*columns, strict=True))
