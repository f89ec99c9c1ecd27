from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier, DummyRegressor

from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Task, TaskKind, Unit

METHOD = find_method("prior")


def context(kind: TaskKind) -> FitContext:
    task = Task(id="t", name="t", kind=kind, unit=Unit.CLIP, primary="f1")
    return FitContext("gym/press", task, "r0f0", 0, "cpu", Path("unused"))


def labeled(targets: list[float]) -> LabeledSet:
    samples = tuple(Sample(str(i), str(i), Media()) for i in range(len(targets)))
    return LabeledSet(samples, np.array(targets, dtype=np.float64))


def fitted(kind: TaskKind, targets: list[float]):
    method = METHOD.load()(load_recipe(METHOD.folder, METHOD.load().recipe_type(), METHOD.default_recipe))
    return method.fit(labeled(targets), labeled([]), (), context(kind))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30))
def test_agrees_with_sklearns_prior(good: int, bad: int) -> None:
    targets = [0.0] * good + [1.0] * bad
    x = np.zeros((len(targets), 1))
    reference = DummyClassifier(strategy="prior").fit(x, targets)
    scores = fitted(TaskKind.BINARY, targets).predict(labeled([0.0] * 3).samples)
    np.testing.assert_allclose(scores, reference.predict_proba(x[:1])[0, 1])
    if good != bad:
        np.testing.assert_array_equal(scores >= 0.5, reference.predict(x[:1])[0] == 1)


def test_one_class_training_reports_no_error() -> None:
    scores = fitted(TaskKind.ONE_CLASS, [0.0, 0.0]).predict(labeled([0.0] * 3).samples)
    np.testing.assert_array_equal(scores, np.zeros(3))


def test_predicts_the_mean_training_score() -> None:
    targets = [61.5, 80.0, 99.0]
    reference = DummyRegressor().fit(np.zeros((3, 1)), targets).predict(np.zeros((2, 1)))
    np.testing.assert_allclose(
        fitted(TaskKind.SCORE, targets).predict(labeled([0.0, 0.0]).samples), reference
    )


def test_is_a_deterministic_control() -> None:
    assert METHOD.card.control
    assert not METHOD.card.stochastic
