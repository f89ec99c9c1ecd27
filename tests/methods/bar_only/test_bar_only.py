from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.method import FitContext, Predictor
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample, Trajectory
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.methods.bar_only.track import bar_box_features, bar_track

METHOD = find_method("bar-only")

SMALL = ("width=8", "blocks=1", "epochs=30")


class Bar(Media):
    """A bar that goes down by ``depth`` boxes and up again, with a pause where there is an error."""

    provides = frozenset({Modality.TRAJECTORY, Modality.BAR_BOXES})

    def __init__(self, depth: float = 2.0, pause: int = 0, count: int = 21) -> None:
        half = np.linspace(1, 0, count // 2 + 1)
        self.elevation = np.concatenate([half, np.zeros(pause), half[-2::-1]]).astype(np.float32)
        self.depth = depth

    @property
    def length(self) -> int:
        return len(self.elevation)

    def trajectory(self) -> Trajectory:
        return Trajectory(self.elevation, np.ones_like(self.elevation), self.length // 2)

    def bar_boxes(self) -> np.ndarray:
        top = 10 * self.depth * (1 - self.elevation)
        return np.stack([0 * top, top, 0 * top + 50, top + 10], axis=1).astype(np.float32)


class BarImage(Media):
    provides = frozenset({Modality.IMAGE, Modality.BAR_BOXES})
    length = 1

    def __init__(self, top: float) -> None:
        self.top = top

    def bar_boxes(self) -> np.ndarray:
        return np.array([[2, self.top, 8, self.top + 4]], np.float32)


def labelled(media: list[Media], targets: np.ndarray) -> LabeledSet:
    return LabeledSet(tuple(Sample(str(i), str(i), m) for i, m in enumerate(media)), targets.astype(float))


@dataclasses.dataclass
class Fitted:
    predictor: Predictor


@pytest.fixture
def fit(tmp_path: Path):
    def run(train: LabeledSet, *overrides: str) -> Fitted:
        kind = METHOD.load()
        recipe = load_recipe(METHOD.folder, kind.recipe_type(), "quick")
        task = Task(id="t", name="t", kind=TaskKind.BINARY, unit=Unit.CLIP, primary="f1")
        ctx = FitContext("d", task, "s", 0, "cpu", tmp_path)
        method = kind(recipe.with_overrides([*SMALL, *overrides], METHOD.card.id))
        return Fitted(method.fit(train, train, (), ctx))

    return run


def test_the_track_is_elevation_speed_and_range() -> None:
    track = bar_track(Bar(depth=3.0), 21, boxes=True)
    np.testing.assert_allclose(track[:, 0], Bar().elevation, atol=1e-6)
    np.testing.assert_allclose(track[1:10, 1], -10, rtol=1e-4)
    np.testing.assert_allclose(track[:, 2], 3)
    assert bar_track(Bar(), 64, boxes=False).shape == (64, 2)


def test_a_clip_without_trajectory_has_a_bar_at_rest() -> None:
    class Lost(Bar):
        def trajectory(self) -> Trajectory:
            raise DataError("The bar was not found.")

    assert not bar_track(Lost(), 16, boxes=False).any()


def test_the_box_of_a_still_is_centre_and_size() -> None:
    np.testing.assert_array_equal(bar_box_features(BarImage(20)), [5, 22, 6, 4])
    with pytest.raises(DataError, match="not finite"):
        bar_box_features(BarImage(float("nan")))


def test_pauses_and_depths_are_told_apart(fit) -> None:
    targets = np.arange(16) % 2
    for media in ([Bar(pause=12 * t) for t in targets], [Bar(depth=1 + t) for t in targets]):
        train = labelled(media, targets)
        scores = fit(train, "epochs=15", "lr=0.02", "length=32").predictor.predict(train.samples)
        assert ((scores > 0.5) == targets).all()


def test_stills_are_judged_by_their_box(fit) -> None:
    heights = np.random.default_rng(0).uniform(0, 100, 60)
    train = labelled([BarImage(h) for h in heights.tolist()], heights > 50)
    fitted = fit(train, "lr=0.03")
    assert ((fitted.predictor.predict(train.samples) > 0.5) == (heights > 50)).mean() > 0.9
    assert fitted.predictor.predict(()).shape == (0,)


def test_the_same_seed_gives_the_same_scores(fit) -> None:
    train = labelled([Bar(depth=1 + i / 10) for i in range(10)], np.arange(10) % 2)
    first, again = (fit(train).predictor.predict(train.samples) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_samples_without_a_bar_and_of_one_class_are_refused(fit) -> None:
    class Bare(Media):
        provides = frozenset({Modality.FRAMES})
        length = 5

    with pytest.raises(DataError, match="no barbell track"):
        fit(labelled([Bare(), Bare()], np.array([0, 1])))
    with pytest.raises(MethodError, match="one class"):
        fit(labelled([Bar(), Bar()], np.zeros(2)))
