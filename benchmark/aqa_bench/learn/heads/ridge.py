"""Ridge regression of scores on features, its strength chosen by generalised cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aqa_bench.core.errors import DataError, MethodError

__all__ = ["ALPHAS", "RidgeHead"]

ALPHAS = tuple(10.0**power for power in range(-2, 6))
"""Strengths that are tried; features are standardised first."""


class RidgeHead:
    """Standardises features on the fit set and regresses scores on them linearly.

    Args:
        alphas: Strengths to choose from, by leave-one-out error on the fit set; a single one is used as
            it is.
    """

    def __init__(self, alphas: Sequence[float] = ALPHAS) -> None:
        self.alphas = tuple(alphas)

    def fit(self, features: ArrayLike, targets: ArrayLike) -> Self:
        """Fit on features and scores.

        Args:
            features: ``(n, D)``, or ``(n, T, D)`` that is averaged over time; finite.
            targets: ``(n,)`` scores, finite.

        Returns:
            The head itself.

        Raises:
            DataError: The features are not finite or not of that shape, there are fewer than two, or
                there is not one finite score for each.
        """
        x = _matrix(features)
        y = np.asarray(targets, dtype=np.float64)
        if len(x) < 2 or y.shape != (len(x),) or not np.isfinite(y).all():
            raise DataError(
                "A ridge head needs several samples with one finite score each.",
                expected="at least 2 rows and as many finite scores",
                found=f"features {x.shape}, scores {y.shape}, {np.count_nonzero(~np.isfinite(y))} not finite",
            )
        self.num_features_ = x.shape[1]
        self.model_ = make_pipeline(StandardScaler(), RidgeCV(list(self.alphas))).fit(x, y)
        self.alpha_ = float(self.model_[-1].alpha_)
        return self

    def predict(self, features: ArrayLike) -> NDArray[np.float64]:
        """Scores ``(n,)`` in the units of the fit set's.

        Raises:
            DataError: The features are not finite, or not of the fitted width.
            MethodError: The head is not fitted.
        """
        if not hasattr(self, "model_"):
            raise MethodError("The ridge head is not fitted.", remedy="Call fit first.")
        x = _matrix(features)
        if x.shape[1] != self.num_features_:
            raise DataError(
                "The features are not of the size that the ridge head was fitted on.",
                expected=f"(n, {self.num_features_})",
                found=x.shape,
            )
        scores: NDArray[np.float64] = np.asarray(self.model_.predict(x), dtype=np.float64)
        return scores


def _matrix(features: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(features, dtype=np.float64)
    if x.ndim == 3 and x.shape[1] > 0:
        x = x.mean(axis=1)
    if x.ndim != 2 or x.shape[1] == 0 or not np.isfinite(x).all():
        raise DataError(
            "The ridge head takes finite features.",
            expected="(n, D) or (n, T, D), no NaN or infinity",
            found=f"shape {x.shape}, {np.count_nonzero(~np.isfinite(x))} values not finite",
            remedy="Check the extractor's output.",
        )
    return x
