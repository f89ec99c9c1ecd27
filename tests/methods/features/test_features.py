from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import FloatArray, LabeledSet, Media, Sample
from aqa_bench.core.task import Modality, Task, TaskKind, Unit

METHOD = find_method("features")

METHOD_TYPE = METHOD.load()


@dataclass(frozen=True)
class Given(Media):
    array: np.ndarray

    @property
    def provides(self) -> frozenset[Modality]:  # type: ignore[override]
        return frozenset({Modality.FEATURES})

    def features(self) -> FloatArray:
        return self.array


def context(tmp_path: Path, kind: TaskKind = TaskKind.BINARY, seed: int = 0) -> FitContext:
    task = Task(id="t", name="t", kind=kind, unit=Unit.CLIP, primary="f1")
    return FitContext("d", task, "r0f0", seed, "cpu", tmp_path)


def drawn(count: int, *, vectors: bool = False, score: bool = False, seed: int = 0) -> LabeledSet:
    """Features whose first one tells the target, in clips of 5 to 12 frames."""
    rng = np.random.default_rng(seed)
    targets = rng.uniform(10, 90, count) if score else np.arange(count) % 2.0
    samples = []
    for i, target in enumerate(targets):
        array = rng.normal(size=(int(rng.integers(5, 13)), 6)).astype(np.float32)
        array[:, 0] = target + 0.1 * array[:, 0]
        samples.append(Sample(f"s{i}", f"g{i}", Given(array[0] if vectors else array)))
    return LabeledSet(tuple(samples), targets.astype(np.float64))


def method(*overrides: str, recipe: str = "quick"):
    settings = ("epochs=30", "width=16", "blocks=1", "components=null", "lr=0.01", *overrides)
    found = load_recipe(METHOD.folder, METHOD_TYPE.recipe_type(), recipe).with_overrides(settings, "test")
    return METHOD_TYPE(found)


@pytest.mark.parametrize("vectors", [False, True])
@pytest.mark.parametrize("recipe", ["quick", "linear", "paper"])
def test_what_the_features_tell_is_learnt(tmp_path: Path, recipe: str, vectors: bool) -> None:
    fitted = method("length=8", "lr=0.05", "epochs=60", recipe=recipe).fit(
        drawn(24, vectors=vectors), drawn(8, vectors=vectors, seed=1), (), context(tmp_path)
    )
    test = drawn(20, vectors=vectors, seed=2)
    scores = fitted.predict(test.samples)
    assert ((scores > 0.5) == (test.targets == 1)).mean() >= 0.95


def test_scores_are_regressed(tmp_path: Path) -> None:
    ctx = context(tmp_path, TaskKind.SCORE)
    fitted = method("epochs=200").fit(drawn(40, score=True), drawn(10, score=True, seed=1), (), ctx)
    test = drawn(30, score=True, seed=2)
    assert np.corrcoef(fitted.predict(test.samples), test.targets)[0, 1] > 0.8


def test_the_same_seed_gives_the_same_scores(tmp_path: Path) -> None:
    train, test = drawn(12), drawn(6, seed=1)
    runs = [
        method("epochs=3").fit(train, drawn(0), (), context(tmp_path, seed=s)).predict(test.samples)
        for s in (0, 0, 1)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_facts_are_of_the_head_alone(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    method("epochs=1", recipe="linear").fit(drawn(8), drawn(0), (), ctx)
    assert ctx.report.parameters == 2 * 6 + 2
    assert ctx.report.best_epoch == -1


def test_one_class_and_mixed_features_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MethodError, match="one class"):
        method().fit(drawn(8).where(1), drawn(0), (), context(tmp_path))
    sequences, vectors = drawn(4), drawn(4, vectors=True)
    mixed = LabeledSet((*sequences.samples, *vectors.samples), np.tile([0.0, 1.0], 4))
    with pytest.raises(DataError, match="differ in kind"):
        method().fit(mixed, drawn(0), (), context(tmp_path))


def test_nobody_to_judge_is_no_error(tmp_path: Path) -> None:
    assert method("epochs=1").fit(drawn(4), drawn(0), (), context(tmp_path)).predict(()).shape == (0,)
