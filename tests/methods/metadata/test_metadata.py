from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import OneHotEncoder

from aqa_bench.core.errors import DataError, MethodError, RecipeError
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.methods.metadata.method import Metadata, MetadataRecipe

METHOD = find_method("metadata")


class Noted(Media):
    provides = frozenset({Modality.ATTRIBUTES})

    def __init__(self, noted: Mapping[str, float | str]) -> None:
        self.noted = noted

    @property
    def attributes(self) -> Mapping[str, float | str]:
        return self.noted


def samples_of(rows: list[dict[str, float | str]]) -> tuple[Sample, ...]:
    return tuple(Sample(f"s{i}", f"s{i}", Noted(row)) for i, row in enumerate(rows))


def dives(n: int, seed: int = 0) -> tuple[list[dict[str, float | str]], np.ndarray]:
    rng = np.random.default_rng(seed)
    rows: list[dict[str, float | str]] = [
        {
            "position": str(rng.choice(["tuck", "pike", "free"])),
            "armstand": float(rng.integers(2)),
            "rotation": str(rng.choice(["back", "front"])),
            "somersaults": float(rng.integers(2, 9)) / 2,
            "twists": 0.0,
            "difficulty": float(rng.integers(20, 40)) / 10,
            "duration": float(rng.integers(50, 200)),
            "event": str(rng.choice(["01", "02", "03"])),
        }
        for _ in range(n)
    ]
    return rows, rng.normal(60, 10, n) + [10 * float(row["difficulty"]) for row in rows]


def context(kind: TaskKind = TaskKind.SCORE) -> FitContext:
    task = Task(id="t", name="t", kind=kind, unit=Unit.CLIP, primary="spearman")
    return FitContext(dataset="d", task=task, split="r0f0", seed=0, device="cpu", cache=Path())


def fitted(recipe: str | MetadataRecipe, rows, targets, ctx: FitContext | None = None):
    loaded = load_recipe(METHOD.folder, MetadataRecipe, recipe) if isinstance(recipe, str) else recipe
    train = LabeledSet(samples_of(rows), np.asarray(targets, dtype=np.float64))
    empty = LabeledSet((), np.empty(0))
    return Metadata(loaded).fit(train, empty, (), ctx or context())


def test_the_default_is_a_ridge_on_indicators() -> None:
    rows, y = dives(80)
    test, _ = dives(30, seed=1)
    names = ("position", "armstand", "rotation", "somersaults", "twists", "difficulty", "event")
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    x = encoder.fit_transform([[str(row[name]) for name in names] for row in rows])
    expected = Ridge(alpha=1.0).fit(x, y)
    ctx = context()
    scores = fitted("attributes-event", rows, y, ctx).predict(samples_of(test))
    np.testing.assert_allclose(
        scores, expected.predict(encoder.transform([[str(row[name]) for name in names] for row in test]))
    )
    assert ctx.report.parameters == x.shape[1] + 1


def test_difficulty_alone_ranks_by_difficulty() -> None:
    rows, y = dives(80)
    scores = fitted("difficulty", rows, y).predict(samples_of(rows))
    assert spearmanr(scores, [row["difficulty"] for row in rows]).statistic == pytest.approx(1)


def test_event_means_fall_back_to_the_mean_of_all() -> None:
    rows = [{"event": e} for e in ("01", "01", "02", "03")]
    predictor = fitted("event-mean", rows, [1.0, 3.0, 10.0, 6.0])
    np.testing.assert_allclose(
        predictor.predict(samples_of([{"event": e} for e in ("01", "02", "99")])), [2, 10, 5]
    )
    assert predictor.predict(()).shape == (0,)


def test_errors_get_the_probability_of_a_logistic_regression() -> None:
    rows, _ = dives(60)
    y = np.array([float(float(row["difficulty"]) > 2.8) for row in rows])
    predictor = fitted("difficulty", rows, y, context(TaskKind.BINARY))
    scores = predictor.predict(samples_of(rows))
    d = np.array([row["difficulty"] for row in rows])
    z = ((d - d.mean()) / d.std())[:, None]
    expected = LogisticRegression(class_weight="balanced", max_iter=1000).fit(z, y)
    np.testing.assert_allclose(scores, expected.predict_proba(z)[:, 1])
    assert predictor.predict(()).shape == (0,)


def test_a_constant_attribute_does_no_harm() -> None:
    rows = [{"difficulty": 2.0}] * 4
    np.testing.assert_allclose(fitted("difficulty", rows, [1.0, 2, 3, 4]).predict(samples_of(rows)), 2.5)


def test_what_is_lacking_is_named() -> None:
    with pytest.raises(DataError, match="no attribute 'difficulty'"):
        fitted("difficulty", [{"event": "01"}] * 3, [1.0, 2, 3])
    with pytest.raises(DataError, match="'event' is not a number"):
        fitted(MetadataRecipe(numeric=("event",)), [{"event": "x1"}] * 3, [1.0, 2, 3])
    with pytest.raises(RecipeError, match="names no attribute"):
        fitted(MetadataRecipe(), [{"event": "x1"}] * 3, [1.0, 2, 3])
    with pytest.raises(RecipeError, match="names no attribute"):
        fitted(MetadataRecipe(numeric=("difficulty",), model="mean"), [{"difficulty": 1.0}] * 3, [1.0, 2, 3])
    with pytest.raises(MethodError, match="one class"):
        fitted("difficulty", [{"difficulty": 1.0}] * 3, [1.0, 1, 1], context(TaskKind.BINARY))


def test_it_only_judges_tasks_that_tell_attributes() -> None:
    task = context().task
    assert METHOD.card.can_judge(task)
    assert not METHOD.card.can_judge(task.model_copy(update={"withheld": frozenset({Modality.ATTRIBUTES})}))


@pytest.fixture(scope="module")
def parts(tmp_path_factory, shared_data):
    from aqa_bench.core.progress import NullProgress
    from aqa_bench.datasets.mtl_aqa.adapter import FAMILY

    if not (shared_data / "mtl-aqa").is_dir():
        pytest.skip("no real annotations of MTL-AQA")
    home = tmp_path_factory.mktemp("mtl-aqa")
    FAMILY.prepare(None, [shared_data / "mtl-aqa"], home, {}, NullProgress())
    dataset = FAMILY.open("mtl-aqa/diving", home)
    samples, targets = dataset.samples("score-dd"), dataset.targets("score-dd")
    split = dataset.splits("score-dd", "official")[0]
    return [
        ([dict(samples[i].media.attributes) for i in ids], [targets[i] for i in ids])
        for ids in (split.train, split.test)
    ]


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [("difficulty", 0.560), ("event-mean", 0.637), ("attributes-event", 0.696), ("duration", 0.058)],
)
def test_the_floors_of_the_official_split_of_mtl_aqa(parts, recipe: str, expected: float) -> None:
    (rows, y), (test, truth) = parts
    scores = fitted(recipe, rows, y).predict(samples_of(test))
    assert abs(spearmanr(scores, truth).statistic) == pytest.approx(expected, abs=0.01)
