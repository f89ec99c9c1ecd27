from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Task, TaskKind, Unit

METHOD = find_method("constant")


def context(kind: TaskKind) -> FitContext:
    task = Task(id="t", name="t", kind=kind, unit=Unit.CLIP, primary="f1")
    return FitContext("gym/press", task, "r0f0", 0, "cpu", Path("unused"))


def labeled(targets: list[float]) -> LabeledSet:
    samples = tuple(Sample(str(i), str(i), Media()) for i in range(len(targets)))
    return LabeledSet(samples, np.array(targets, dtype=np.float64))


def fitted(kind: TaskKind, targets: list[float]):
    method = METHOD.load()(load_recipe(METHOD.folder, METHOD.load().recipe_type(), METHOD.default_recipe))
    return method.fit(labeled(targets), labeled([]), (), context(kind))


@pytest.mark.parametrize("kind", [TaskKind.BINARY, TaskKind.ONE_CLASS])
@pytest.mark.parametrize("targets", [[0.0, 1.0, 0.0], [0.0, 0.0]])
def test_calls_everything_an_error(kind: TaskKind, targets: list[float]) -> None:
    scores = fitted(kind, targets).predict(labeled([0.0] * 4).samples)
    np.testing.assert_array_equal(scores, np.ones(4))


def test_predicts_the_mean_training_score() -> None:
    np.testing.assert_allclose(
        fitted(TaskKind.SCORE, [60.0, 80.0, 100.0]).predict(labeled([0.0, 0.0]).samples), [80.0, 80.0]
    )


def test_scores_of_no_samples_are_empty() -> None:
    assert fitted(TaskKind.BINARY, [1.0]).predict(()).shape == (0,)


def test_is_a_deterministic_control_that_needs_nothing() -> None:
    assert METHOD.card.control
    assert not METHOD.card.stochastic
    assert METHOD.card.needs == frozenset()
