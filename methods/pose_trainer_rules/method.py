"""Pose Trainer's geometric rules as a method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import UsageError
from aqa_bench.core.finding import Finding
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.sample import FloatArray, LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.media.pose_geometry import LAYOUT

from .measurements import MEASUREMENTS
from .rules import Comparison, Rule, Verdict, judge

__all__ = ["PoseTrainerRules", "RulesPredictor", "RulesRecipe", "exercise_rules"]

_ARM = ("shoulder", "elbow", "wrist")


class RulesRecipe(Recipe):
    """The limits, by exercise; angles in degrees, distances in torso lengths.

    Attributes:
        curl_upper_arm_swing: Largest range of the angle between upper arm and torso.
        curl_closed_elbow: Largest angle at the elbow at the top of a full curl.
        raise_back_sway: Largest horizontal range of the neck over the hip.
        raise_arm_height: Smallest angle between torso and arm at the top of a full raise.
        press_back_sway: Largest horizontal range of the neck over the hip.
        press_elbow_lead: Smallest horizontal lead of the elbow over the neck.
        press_open_elbow: Smallest angle at the elbow at the top of a full press.
        shrug_shoulder_travel: Smallest vertical range of the shoulders in a full shrug.
        shrug_arm_bend: Largest bend of a straight arm.
    """

    curl_upper_arm_swing: float = 35.0
    curl_closed_elbow: float = 70.0
    raise_back_sway: float = 0.3
    raise_arm_height: float = 90.0
    press_back_sway: float = 0.16
    press_elbow_lead: float = -0.12
    press_open_elbow: float = 178.0
    shrug_shoulder_travel: float = 0.1
    shrug_arm_bend: float = 30.0


def exercise_rules(recipe: RulesRecipe) -> Mapping[str, tuple[Rule, ...]]:
    """The rules of every exercise under a recipe's limits."""
    above, below = Comparison.ABOVE, Comparison.BELOW
    return {
        "bicep-curl": (
            Rule(
                "swinging upper arm",
                "upper_arm_swing",
                above,
                recipe.curl_upper_arm_swing,
                "The upper arm swings: keep the elbow at your side and move only the forearm.",
                joints=("shoulder", "elbow"),
            ),
            Rule(
                "incomplete curl",
                "closed_elbow",
                above,
                recipe.curl_closed_elbow,
                "The curl stops short: bring the weight up until the forearm meets the upper arm.",
                joints=_ARM,
            ),
        ),
        "front-raise": (
            Rule(
                "swaying back",
                "back_sway",
                above,
                recipe.raise_back_sway,
                "The trunk sways: lift with the shoulders and keep the back still.",
                "torso lengths",
                joints=("shoulder", "hip"),
            ),
            Rule(
                "incomplete raise",
                "arm_height",
                below,
                recipe.raise_arm_height,
                "The raise stops short: lift until the arms are level.",
                joints=("shoulder", "wrist"),
            ),
        ),
        "shoulder-press": (
            Rule(
                "swaying back",
                "back_sway",
                above,
                recipe.press_back_sway,
                "The trunk sways: brace it and press straight up.",
                "torso lengths",
                joints=("shoulder", "hip"),
            ),
            Rule(
                "rolling shoulders",
                "elbow_lead",
                below,
                recipe.press_elbow_lead,
                "The shoulders roll: fix them and stop the elbow from drifting past the neck.",
                "torso lengths",
                joints=("shoulder", "elbow"),
            ),
            Rule(
                "incomplete press",
                "open_elbow",
                below,
                recipe.press_open_elbow,
                "The press stops short: finish with straight elbows.",
                joints=_ARM,
            ),
        ),
        "shoulder-shrug": (
            Rule(
                "short shrug",
                "shoulder_travel",
                below,
                recipe.shrug_shoulder_travel,
                "The shoulders hardly rise: pull them up as far as they go.",
                "torso lengths",
                joints=("shoulder",),
            ),
            Rule(
                "bent arms",
                "arm_bend",
                above,
                recipe.shrug_arm_bend,
                "The arms help: let them hang straight and lift with the shoulders alone.",
                joints=_ARM,
            ),
        ),
    }


@dataclass(frozen=True, slots=True)
class RulesPredictor:
    """The rules of one exercise.

    Attributes:
        measure: Measuring function of the exercise.
        rules: Its rules.
    """

    measure: Callable[[FloatArray], dict[str, float]]
    rules: tuple[Rule, ...]

    def verdict(self, sample: Sample) -> Verdict:
        """Score and broken rules of one sample.

        Raises:
            DataError: The clip shows too little of the body.
        """
        return judge(self.rules, self.measure(sample.media.keypoints(LAYOUT)))

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Graded verdicts in (0, 1), at least 0.5 where a rule is broken: ``(n,)`` float64."""
        return np.array([self.verdict(sample).score for sample in samples], dtype=np.float64)

    def state(self) -> State:
        """Nothing: the recipe and the exercise say it all."""
        return State()

    def findings(self, samples: Sequence[Sample]) -> list[tuple[Finding, ...]]:
        """The broken rules of each sample, with what was measured and the limit."""
        return [self.verdict(sample).findings for sample in samples]

    def explain(self, samples: Sequence[Sample]) -> list[str]:
        """Feedback a sample: the sentences of the broken rules, or ``no fault found``."""
        return [self.verdict(sample).feedback for sample in samples]


class PoseTrainerRules(Method[RulesRecipe]):
    """Hand-set geometric limits (Chen and Yang, Pose Trainer, 2018, "geometric/heuristic" evaluation)."""

    def fit(
        self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext
    ) -> RulesPredictor:
        """Choose the rules of the dataset's exercise; nothing is learned.

        Args:
            train: Not used.
            val: Not used.
            pool: Not used.
            ctx: The last part of its dataset id names the exercise.

        Raises:
            UsageError: There are no rules for that exercise.
        """
        ctx.report.parameters = 0
        return self._rules(ctx)

    def restore(self, state: State, ctx: FitContext) -> RulesPredictor:
        """The rules of the exercise that the fit was of."""
        return self._rules(ctx)

    def _rules(self, ctx: FitContext) -> RulesPredictor:
        exercise = ctx.dataset.rpartition("/")[2]
        if exercise not in MEASUREMENTS:
            raise UsageError(
                "This method has no rules for this exercise.",
                where=ctx.dataset,
                expected=" | ".join(MEASUREMENTS),
                found=exercise,
                remedy="Choose a dataset of a supported exercise, or another method.",
            )
        return RulesPredictor(MEASUREMENTS[exercise], exercise_rules(self.recipe)[exercise])
