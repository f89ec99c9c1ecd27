from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from aqa_bench.core.errors import MethodError, RecipeError, UsageError
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Task, TaskKind, Unit
from aqa_bench.methods.pose_trainer_dtw.report import published_rows

METHOD = find_method("pose-trainer-dtw")

# As the notebooks print them: (precision, recall, F1, support) of "correct", "incorrect" and "avg / total".
PUBLISHED = {
    "bicep-curl": [(0.80, 1.00, 0.89, 4), (1.00, 0.67, 0.80, 3), (0.89, 0.86, 0.85, 7)],
    "front-raise": [(1.00, 1.00, 1.00, 6), (1.00, 1.00, 1.00, 6), (1.00, 1.00, 1.00, 12)],
    "shoulder-press": [(0.67, 0.86, 0.75, 7), (0.83, 0.62, 0.71, 8), (0.76, 0.73, 0.73, 15)],
    "shoulder-shrug": [(1.00, 0.75, 0.86, 8), (0.71, 1.00, 0.83, 5), (0.89, 0.85, 0.85, 13)],
}
# The biceps curl's test clips, in the notebook's order.
PUBLISHED_CURL_TEST = ["bad_1", "bad_2", "bad_6", "good_5", "good_4", "good_2", "bad_9"]

Clips = Callable[[str], dict[str, np.ndarray]]


class Pose(Media):
    def __init__(self, keypoints: np.ndarray) -> None:
        self._keypoints = keypoints.astype(np.float32)

    def keypoints(self, layout: str) -> np.ndarray:
        assert layout == "openpose-18"
        return self._keypoints


def labeled(clips: dict[str, np.ndarray], names: list[str]) -> LabeledSet:
    samples = tuple(Sample(f"token{i}", f"token{i}", Pose(clips[name])) for i, name in enumerate(names))
    return LabeledSet(samples, np.array([float("bad" in name) for name in names]))


def fitted(train: LabeledSet, exercise: str, recipe_name: str, *overrides: str):
    method = METHOD.load()
    recipe = load_recipe(METHOD.folder, method.recipe_type(), recipe_name)
    task = Task(id="form", name="Form", kind=TaskKind.BINARY, unit=Unit.CLIP, primary="f1")
    context = FitContext(exercise, task, "r0f0", 0, "cpu", Path("unused"))
    empty = LabeledSet((), np.empty(0))
    return method(recipe.with_overrides(overrides, "test")).fit(train, empty, (), context)


def notebook_split(clips: dict[str, np.ndarray]) -> tuple[list[str], list[str]]:
    """Names in the order of their prefix, then of their number; 60/40."""

    def key(name: str) -> tuple[str, int]:
        number = re.search(r"\d+$", name)
        assert number is not None
        return name[: number.start()], int(number[0])

    train, test = train_test_split(sorted(clips, key=key), test_size=0.4, random_state=42)
    return train, test


def measured(clips: dict[str, np.ndarray], exercise: str, recipe: str) -> list[tuple[float, ...]]:
    train, test = notebook_split(clips)
    held_out = labeled(clips, test)
    scores = fitted(labeled(clips, train), f"pose-trainer/{exercise}", recipe).predict(held_out.samples)
    rows = published_rows(held_out.targets == 0, scores < 0.5)
    return [
        (*(round(value, 2) for value in (row.precision, row.recall, row.f1)), row.support) for row in rows
    ]


@pytest.mark.parametrize("exercise", PUBLISHED)
def test_reproduces_the_published_table(exercise: str, real_clips: Clips) -> None:
    assert measured(real_clips(exercise), exercise, METHOD.default_recipe) == PUBLISHED[exercise]


def test_the_split_is_the_published_one(real_clips: Clips) -> None:
    assert notebook_split(real_clips("bicep-curl"))[1] == [f"bicep_{name}" for name in PUBLISHED_CURL_TEST]


def test_correcting_the_shrugs_joints_costs_one_clip(real_clips: Clips) -> None:
    rows = measured(real_clips("shoulder-shrug"), "shoulder-shrug", "paper")
    assert rows[-1][1] == round(10 / 13, 2)


@pytest.mark.parametrize("exercise", ["bicep-curl", "front-raise", "shoulder-press"])
def test_the_recipes_agree_elsewhere(exercise: str, real_clips: Clips) -> None:
    assert measured(real_clips(exercise), exercise, "paper") == PUBLISHED[exercise]


def test_the_released_recipe_asks_for_the_published_split() -> None:
    kind = METHOD.load().recipe_type()
    assert load_recipe(METHOD.folder, kind, "released").scheme == "notebook"
    assert load_recipe(METHOD.folder, kind, "paper").scheme is None


def swinging(standing: np.ndarray, wrist_x: float) -> np.ndarray:
    clip = standing.copy()
    clip[1, [4, 7], 0] = wrist_x
    return clip


def test_score_is_the_share_of_the_distance_to_the_good(standing: np.ndarray) -> None:
    clips = {"good_1": standing, "bad_1": swinging(standing, 280), "query": swinging(standing, 220)}
    predictor = fitted(
        labeled(clips, ["good_1", "bad_1"]), "stick-figures/shoulder-press", "paper", "filter_width=1"
    )
    angles = [np.degrees(np.arctan2(40, reach)) + 90 for reach in (20, 80)]
    good, bad = 180 - angles[0], angles[0] - angles[1]
    score = predictor.predict(labeled(clips, ["query"]).samples)
    np.testing.assert_allclose(score, [good / (good + bad)], rtol=1e-5)
    np.testing.assert_allclose(predictor.predict(labeled(clips, ["good_1", "bad_1"]).samples), [0, 1])


def test_clips_like_both_classes_are_on_the_boundary(standing: np.ndarray) -> None:
    train = labeled({"good_1": standing, "bad_1": standing}, ["good_1", "bad_1"])
    predictor = fitted(train, "pose-trainer/front-raise", "paper")
    np.testing.assert_array_equal(predictor.predict(train.samples), [0.5, 0.5])
    assert predictor.predict(()).shape == (0,)


@pytest.mark.parametrize("names", [["good_1"], ["bad_1"]])
def test_one_class_is_an_error(standing: np.ndarray, names: list[str]) -> None:
    train = labeled({"good_1": standing, "bad_1": standing}, names)
    with pytest.raises(MethodError, match="both classes"):
        fitted(train, "pose-trainer/front-raise", "paper")


def test_other_exercises_and_even_filters_are_errors(standing: np.ndarray) -> None:
    train = labeled({"good_1": standing, "bad_1": standing}, ["good_1", "bad_1"])
    with pytest.raises(UsageError, match="exercise"):
        fitted(train, "fitness-aqa/backsquat", "paper")
    with pytest.raises(RecipeError, match="odd"):
        fitted(train, "pose-trainer/front-raise", "paper", "filter_width=4")
