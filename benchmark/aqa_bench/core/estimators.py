"""Fitted estimators of scikit-learn as what they learnt, and estimators that were told what to have learnt.

No estimator is pickled. One is made anew with its parameters and is given the values that its fit left: it
then computes with the very code that computed before.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from aqa_bench.core.errors import MethodError

__all__ = ["estimator_of", "fitted_parts"]

_LINEAR = ("coef_", "intercept_")
_SCALE = ("mean_", "var_", "scale_", "n_samples_seen_")
_LIBSVM = (
    *("support_", "support_vectors_", "_n_support", "dual_coef_", "intercept_", "_dual_coef_", "_intercept_"),
    *("_probA", "_probB", "_gamma", "_sparse", "shape_fit_", "fit_status_", "offset_"),
)
# By class: its module, the parameters that what it computes depends on, and what a fit leaves.
_KNOWN: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "StandardScaler": ("preprocessing", ("with_mean", "with_std"), _SCALE),
    "PolynomialFeatures": ("preprocessing", ("degree", "interaction_only", "include_bias", "order"), ()),
    "Ridge": ("linear_model", (), _LINEAR),
    "RidgeCV": ("linear_model", (), _LINEAR),
    "RidgeClassifierCV": ("linear_model", (), _LINEAR),
    "LogisticRegression": ("linear_model", (), (*_LINEAR, "classes_")),
    "OneClassSVM": ("svm", ("kernel", "degree", "gamma", "coef0", "nu"), _LIBSVM),
}


def fitted_parts(estimator: Any, where: str) -> dict[str, Any]:
    """What an estimator is: its class, parameters and what it learnt, or the steps of a pipeline.

    Args:
        estimator: A fitted estimator.
        where: Its place, for the error.

    Raises:
        MethodError: It is of another class than those that are known.
    """
    name = type(estimator).__name__
    if name == "Pipeline":
        return {"class": name, "steps": [fitted_parts(step, f"{where}.{n}") for n, step in estimator.steps]}
    if name not in _KNOWN:
        raise MethodError(
            "An estimator cannot be saved.",
            where=where,
            expected=f"Pipeline, {', '.join(_KNOWN)}",
            found=name,
            remedy="Store its learned values as arrays, in a method state() of the predictor.",
        )
    _, parameters, learnt = _KNOWN[name]
    return {
        "class": name,
        "parameters": {key: getattr(estimator, key) for key in parameters},
        "learnt": {key: getattr(estimator, key) for key in ("n_features_in_", *learnt)},
    }


def estimator_of(parts: Mapping[str, Any]) -> Any:
    """The estimator that :func:`fitted_parts` described.

    Raises:
        KeyError: It is of no class that is known, or a part is missing.
        ValueError: A part does not fit.
    """
    name = parts["class"]
    if name == "Pipeline":
        from sklearn.pipeline import make_pipeline

        return make_pipeline(*(estimator_of(step) for step in parts["steps"]))
    module, parameters, learnt = _KNOWN[name]
    values, given = parts["learnt"], parts["parameters"]
    made = getattr(import_module(f"sklearn.{module}"), name)(**{key: given[key] for key in parameters})
    if name == "PolynomialFeatures":
        # It learns nothing but the number of columns.
        return made.fit(np.zeros((1, int(values["n_features_in_"]))))
    for key in ("n_features_in_", *learnt):
        setattr(made, key, values[key])
    return made
