from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample, Trajectory
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.methods.phase.method import bar_elevation

METHOD = find_method("phase")


class Boxed(Media):
    provides = frozenset({Modality.IMAGE, Modality.BAR_BOXES})
    length = 1

    def __init__(self, top: float) -> None:
        self.top = top

    def bar_boxes(self):
        return np.array([[0, self.top, 10, self.top + 4]], np.float32)


class Tracked(Boxed):
    provides = frozenset({Modality.IMAGE, Modality.TRAJECTORY})

    def trajectory(self):
        return Trajectory(np.array([0.25], np.float32), np.ones(1, np.float32), 0)


def fit(heights: np.ndarray, targets: np.ndarray, kind: TaskKind = TaskKind.BINARY):
    method = METHOD.load()
    samples = tuple(Sample(str(i), str(i), Boxed(h)) for i, h in enumerate(heights.tolist()))
    ctx = FitContext(
        "d", Task(id="ss", name="ss", kind=kind, unit=Unit.IMAGE, primary="f1"), "s", 0, "cpu", Path()
    )
    recipe = load_recipe(METHOD.folder, method.recipe_type(), "quick")
    none = LabeledSet((), np.empty(0))
    return method(recipe).fit(LabeledSet(samples, targets), none, (), ctx), samples


def test_elevation_is_the_trajectorys_or_the_boxs_centre() -> None:
    assert bar_elevation(Boxed(20)) == -22
    assert bar_elevation(Tracked(20)) == 0.25
    with pytest.raises(DataError, match="position that is not finite"):
        bar_elevation(Boxed(float("nan")))


def test_low_bars_and_bars_in_between_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    heights = rng.uniform(0, 100, 200)
    for targets in (heights > 60, np.abs(heights - 50) < 20):
        predictor, samples = fit(heights, targets.astype(float))
        scores = predictor.predict(samples)
        assert roc_auc_score(targets, scores) > 0.97
        assert ((scores > 0.5) == targets).mean() > 0.9


def test_scores_are_a_parabola_of_elevation() -> None:
    heights = np.linspace(0, 100, 50)
    predictor, samples = fit(heights, (heights / 10) ** 2, TaskKind.SCORE)
    np.testing.assert_allclose(predictor.predict(samples), (heights / 10) ** 2, atol=5)
    assert predictor.predict(()).shape == (0,)


def test_one_class_is_refused() -> None:
    with pytest.raises(MethodError, match="one class"):
        fit(np.arange(4.0), np.zeros(4))
