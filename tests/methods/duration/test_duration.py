from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

from aqa_bench.core.errors import DataError, RecipeError
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Task, TaskKind, Unit

METHOD = find_method("duration")


class Clip(Media):
    def __init__(self, length: int) -> None:
        self._length = length

    @property
    def length(self) -> int:
        return self._length


def clips(lengths: list[int]) -> tuple[Sample, ...]:
    return tuple(Sample(str(i), str(i), Clip(n)) for i, n in enumerate(lengths))


def fitted(kind: TaskKind, lengths: list[int], targets: list[float], *overrides: str):
    method = METHOD.load()
    recipe = load_recipe(METHOD.folder, method.recipe_type(), METHOD.default_recipe)
    train = LabeledSet(clips(lengths), np.array(targets, dtype=np.float64))
    task = Task(id="t", name="t", kind=kind, unit=Unit.CLIP, primary="f1")
    context = FitContext("gym/press", task, "r0f0", 0, "cpu", Path("unused"))
    empty = LabeledSet((), np.empty(0))
    return method(recipe.with_overrides(overrides, "test")).fit(train, empty, (), context)


def standardised(lengths: list[int], others: list[int]) -> np.ndarray:
    train = np.log(lengths)
    return ((np.log(others) - train.mean()) / train.std())[:, None]


def test_binary_is_a_balanced_logistic_regression_of_log_length() -> None:
    lengths, targets, others = [30, 40, 45, 80, 90], [1.0, 1.0, 0.0, 0.0, 0.0], [20, 50, 200]
    reference = LogisticRegression(class_weight="balanced").fit(standardised(lengths, lengths), targets)
    scores = fitted(TaskKind.BINARY, lengths, targets).predict(clips(others))
    np.testing.assert_allclose(
        scores, reference.predict_proba(standardised(lengths, others))[:, 1], atol=1e-6
    )
    assert scores[0] > 0.5 > scores[2]


def test_score_is_a_ridge_regression_of_log_length() -> None:
    lengths, targets, others = [30, 40, 60, 90], [90.0, 70.0, 55.0, 20.0], [20, 50, 200]
    reference = Ridge(alpha=0.5).fit(standardised(lengths, lengths), targets)
    scores = fitted(TaskKind.SCORE, lengths, targets, "alpha=0.5").predict(clips(others))
    np.testing.assert_allclose(scores, reference.predict(standardised(lengths, others)))


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.ONE_CLASS])
def test_one_class_cuts_at_two_deviations(kind: TaskKind) -> None:
    lengths = [40, 50, 60, 70, 80]
    mean, deviation = np.log(lengths).mean(), np.log(lengths).std()
    within, beyond = (round(float(np.exp(mean + k * deviation))) for k in (1.9, 2.1))
    short = round(float(np.exp(mean - 2.3 * deviation)))
    scores = fitted(kind, lengths, [0.0] * 5).predict(clips([within, beyond, short]))
    np.testing.assert_array_equal(scores >= 0.5, [False, True, True])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 500), st.integers(1, 20))
def test_equal_training_lengths_stay_finite(length: int, count: int) -> None:
    predictor = fitted(TaskKind.ONE_CLASS, [length] * count, [0.0] * count)
    scores = predictor.predict(clips([length, length + 1, 50 * length]))
    assert np.isfinite(scores).all()
    assert scores[0] == pytest.approx(0.0, abs=1e-9)
    assert scores[1] < 0.5 < scores[2]


def test_images_carry_no_information() -> None:
    scores = fitted(TaskKind.BINARY, [1, 1, 1], [0.0, 1.0, 0.0]).predict(clips([1, 1]))
    np.testing.assert_allclose(scores, 0.5, atol=1e-6)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_scores_of_no_samples_are_empty(kind: TaskKind) -> None:
    targets = [0.0, 0.0, 0.0] if kind is TaskKind.ONE_CLASS else [0.0, 1.0, 0.0]
    assert fitted(kind, [10, 20, 30], targets).predict(()).shape == (0,)


def test_media_without_a_length_are_an_error() -> None:
    predictor = fitted(TaskKind.BINARY, [10, 20], [0.0, 1.0])
    with pytest.raises(DataError, match="frame count"):
        predictor.predict((Sample("a", "a", Media()),))


def test_unfit_values_are_refused() -> None:
    with pytest.raises(RecipeError):
        fitted(TaskKind.BINARY, [10, 20], [0.0, 1.0], "boundary=0")
