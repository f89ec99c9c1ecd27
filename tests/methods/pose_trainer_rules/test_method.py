from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from aqa_bench.core.errors import RecipeError, UsageError
from aqa_bench.core.finding import FindsReasons
from aqa_bench.core.method import FitContext
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Task, TaskKind, Unit
from aqa_bench.methods.pose_trainer_rules.measurements import MEASUREMENTS
from aqa_bench.methods.pose_trainer_rules.method import RulesRecipe, exercise_rules

METHOD = find_method("pose-trainer-rules")

# Exercise: (TP, FP, FN, TN) with error as the positive class, F1 of error, F1 of good.
PUBLISHED = {
    "bicep-curl": ((6, 0, 4, 6), 0.750, 0.750),
    "front-raise": ((13, 1, 0, 14), 0.963, 0.966),
    "shoulder-press": ((15, 6, 2, 13), 0.789, 0.765),
    "shoulder-shrug": ((15, 1, 2, 14), 0.909, 0.903),
}


class Pose(Media):
    def __init__(self, keypoints: np.ndarray) -> None:
        self._keypoints = keypoints.astype(np.float32)

    def keypoints(self, layout: str) -> np.ndarray:
        assert layout == "openpose-18"
        return self._keypoints


def fitted(dataset: str, *overrides: str):
    method = METHOD.load()
    recipe = load_recipe(METHOD.folder, method.recipe_type(), METHOD.default_recipe)
    task = Task(id="form", name="Form", kind=TaskKind.BINARY, unit=Unit.CLIP, primary="f1")
    context = FitContext(dataset, task, "r0f0", 0, "cpu", Path("unused"))
    empty = LabeledSet((), np.empty(0))
    return method(recipe.with_overrides(overrides, "test")).fit(empty, empty, (), context)


def samples(clips: dict[str, np.ndarray]) -> list[Sample]:
    return [Sample(f"token{i}", f"token{i}", Pose(clip)) for i, clip in enumerate(clips.values())]


@pytest.mark.parametrize("exercise", PUBLISHED)
def test_verdicts_on_every_real_clip(
    exercise: str, real_clips: Callable[[str], dict[str, np.ndarray]]
) -> None:
    clips = real_clips(exercise)
    truth = np.array(["bad" in name for name in clips])
    decided = fitted(f"pose-trainer/{exercise}").predict(samples(clips)) >= 0.5
    (tp, fp, fn, tn), f1_error, f1_good = PUBLISHED[exercise]
    np.testing.assert_array_equal(confusion_matrix(truth, decided), [[tn, fp], [fn, tp]])
    assert f1_score(truth, decided) == pytest.approx(f1_error, abs=5e-4)
    assert f1_score(~truth, ~decided) == pytest.approx(f1_good, abs=5e-4)


@pytest.mark.parametrize("exercise", PUBLISHED)
def test_feedback_is_given_exactly_to_those_called_an_error(
    exercise: str, real_clips: Callable[[str], dict[str, np.ndarray]]
) -> None:
    clips = samples(real_clips(exercise))
    predictor = fitted(f"pose-trainer/{exercise}")
    sentences = {rule.feedback for rule in exercise_rules(RulesRecipe())[exercise]}
    for score, feedback in zip(predictor.predict(clips), predictor.explain(clips), strict=True):
        assert (feedback == "no fault found") == (score < 0.5)
        assert feedback == "no fault found" or any(sentence in feedback for sentence in sentences)


def test_the_recipe_is_the_models_default() -> None:
    assert load_recipe(METHOD.folder, METHOD.load().recipe_type(), "paper") == RulesRecipe()


def test_every_rule_reads_a_feature_of_its_exercise(standing: np.ndarray) -> None:
    rules = exercise_rules(RulesRecipe())
    assert rules.keys() == MEASUREMENTS.keys()
    for exercise, measure in MEASUREMENTS.items():
        assert {rule.measurement for rule in rules[exercise]} == measure(standing).keys()


def test_limits_can_be_overridden(standing: np.ndarray) -> None:
    clip = [Sample("a", "a", Pose(standing))]
    assert fitted("pose-trainer/bicep-curl").predict(clip)[0] >= 0.5
    assert fitted("pose-trainer/bicep-curl", "curl_closed_elbow=181").predict(clip)[0] < 0.5
    with pytest.raises(RecipeError, match="curl_closed_elbow"):
        fitted("pose-trainer/bicep-curl", "curl_close_elbow=1")


def test_stick_figures_press_by_the_same_rules(standing: np.ndarray) -> None:
    assert fitted("stick-figures/shoulder-press").explain([Sample("a", "a", Pose(standing))]) == [
        "no fault found"
    ]


def test_other_exercises_are_an_error() -> None:
    with pytest.raises(UsageError, match=r"fitness-aqa/backsquat[\s\S]*bicep-curl"):
        fitted("fitness-aqa/backsquat")


def test_findings_say_what_was_measured_against_which_limit(standing: np.ndarray) -> None:
    predictor = fitted("pose-trainer/bicep-curl")
    assert isinstance(predictor, FindsReasons)
    sample = Sample("a", "a", Pose(standing))
    verdict = predictor.verdict(sample)
    (found,) = predictor.findings([sample])
    assert found
    assert " ".join(each.text for each in found) == predictor.explain([sample])[0]
    for each, rule in zip(found, verdict.broken, strict=True):
        assert (each.value, each.limit) == (verdict.measurements[rule.measurement], rule.threshold)
        assert each.unit in ("degrees", "torso lengths")
        assert {joint.partition("_")[0] for joint in each.joints} == {"left", "right"}


@pytest.mark.parametrize("exercise", list(MEASUREMENTS))
def test_every_rule_names_joints_and_a_unit(exercise: str) -> None:
    for rule in exercise_rules(RulesRecipe())[exercise]:
        assert rule.joints
        assert rule.unit == ("torso lengths" if abs(rule.threshold) < 1 else "degrees")
