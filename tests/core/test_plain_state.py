from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifierCV, RidgeCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import OneClassSVM

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.plain_state import plain_state, rebuilt, state_of
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.state import State, pack_state, unpack_state


class Side(StrEnum):
    LEFT = "left"


class Small(Recipe):
    rate: float = 0.5


@dataclass(frozen=True)
class Inner:
    values: np.ndarray
    name: str


@dataclass(frozen=True)
class Outer:
    parts: tuple[Inner, ...]
    means: dict[tuple[str, float], float]
    side: Side
    recipe: Small
    number: Any
    model: Any = None


def again(value: object, *kinds: type, parts: tuple[type, ...] = (), recipe: Recipe | None = None) -> Any:
    return rebuilt(unpack_state(pack_state(plain_state(value)), "x"), *kinds, parts=parts, recipe=recipe)


def test_nested_plain_values_come_back() -> None:
    inner = tuple(Inner(np.arange(n, dtype=np.float32), f"part {n}") for n in range(3))
    means = {("tuck", 2.5): 0.1 + 0.2, ("pike", 1.0): -0.0}
    value = Outer(inner, means, Side.LEFT, Small(), np.float64(0.1))
    back = again(value, Outer, parts=(Inner,), recipe=Small(rate=0.25))
    assert back.means == means
    assert (back.side, back.number, back.recipe.rate) == ("left", 0.1, 0.25)
    for one, two in zip(back.parts, inner, strict=True):
        assert one.name == two.name
        np.testing.assert_array_equal(one.values, two.values)


def test_classes_are_named_by_the_reader_and_never_by_the_file() -> None:
    state = plain_state(Inner(np.ones(2), "a"))
    for kinds in ((Outer,), (Small,)):
        with pytest.raises(DataError, match="does not belong to this method"):
            rebuilt(state, *kinds)
    with pytest.raises(DataError, match="does not belong to this method"):
        rebuilt(state, Outer, parts=(Inner,))
    for told in (
        {"of": "Inner", "fields": {"values": 1}},
        {"of": "Inner", "fields": {"values": {"array": "no"}, "name": "a"}},
        {"of": "Inner", "fields": {"values": {"estimator": {"class": "Pickled"}}, "name": "a"}},
        {"mapping": [[{"list": []}, 1]]},
        {"tuple": 3},
        {"unknown": 1},
        5,
    ):
        with pytest.raises(DataError, match="does not belong to this method"):
            rebuilt(State({"value": told}), Inner)
    deep: Any = 1
    for _ in range(40):
        deep = {"list": [deep]}
    with pytest.raises(DataError, match="does not belong to this method"):
        rebuilt(State({"value": deep}), Inner)


def test_what_is_not_plain_is_refused_by_its_place() -> None:
    with pytest.raises(MethodError, match=r"Inner\.name"):
        plain_state(Inner(np.ones(1), lambda: 1))  # type: ignore[arg-type]
    with pytest.raises(MethodError, match="state"):
        state_of(object())


X = np.random.default_rng(0).normal(size=(40, 6)) * np.array([1, 10, 0.1, 3, 1, 1]) + 2
Y = (X[:, 0] + X[:, 2] > 2.2).astype(float)
NEW = np.random.default_rng(1).normal(size=(17, 6)) * 3


@pytest.mark.parametrize(
    ("estimator", "decide"),
    [
        (make_pipeline(StandardScaler(), Ridge(alpha=0.3)), "predict"),
        (make_pipeline(StandardScaler(with_mean=False), RidgeCV(np.logspace(-3, 3, 5))), "predict"),
        (make_pipeline(StandardScaler(with_mean=False), RidgeClassifierCV()), "decision_function"),
        (LogisticRegression(C=0.2, class_weight="balanced", max_iter=1000), "predict_proba"),
        (make_pipeline(StandardScaler(), PolynomialFeatures(3, include_bias=False), Ridge()), "predict"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "predict_proba"),
        *[
            (make_pipeline(StandardScaler(), OneClassSVM(kernel=kernel, nu=0.2)), "decision_function")
            for kernel in ("rbf", "linear", "poly", "sigmoid")
        ],
    ],
    ids=str,
)
def test_estimators_decide_as_before_to_the_last_digit(estimator: Any, decide: str) -> None:
    fitted = estimator.fit(X, Y)
    back = again(Outer((), {}, Side.LEFT, Small(), 1, fitted), Outer).model
    for rows in (NEW, NEW[:1]):
        np.testing.assert_array_equal(getattr(back, decide)(rows), getattr(fitted, decide)(rows))


def test_other_estimators_are_refused_by_name() -> None:
    with pytest.raises(MethodError, match="KNeighborsClassifier"):
        plain_state(Outer((), {}, Side.LEFT, Small(), 1, KNeighborsClassifier().fit(X, Y)))
