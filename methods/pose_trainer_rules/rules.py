"""Rules: a limit on one measurement, and the sentence for whoever breaks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from scipy.special import expit

from aqa_bench.core.finding import Finding

__all__ = ["Comparison", "Rule", "Verdict", "judge"]


class Comparison(StrEnum):
    """Side of the threshold on which a measurement breaks the rule."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on one measurement.

    Attributes:
        name: Short name of the fault.
        measurement: Name of the measurement it reads.
        comparison: Side of the threshold that is a fault.
        threshold: The limit, in the measurement's unit; a value equal to it is no fault.
        feedback: What to tell the person who broke it.
        unit: Unit of the measurement.
        joints: Joints that it is measured at, by name without side.
    """

    name: str
    measurement: str
    comparison: Comparison
    threshold: float
    feedback: str
    unit: str = "degrees"
    joints: tuple[str, ...] = ()

    def margin(self, measurements: Mapping[str, float]) -> float:
        """How far beyond the limit, as a fraction of it: positive if the rule is broken.

        A threshold of 0 has no fraction; the margin is then in the measurement's unit.

        Example:
            >>> rule = Rule("sway", "back_sway", Comparison.ABOVE, 0.2, "Keep your back still.")
            >>> rule.margin({"back_sway": 0.3}) > 0, rule.margin({"back_sway": 0.2})
            (True, 0.0)
        """
        excess = measurements[self.measurement] - self.threshold
        if self.comparison is Comparison.BELOW:
            excess = -excess
        return excess / (abs(self.threshold) or 1.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one clip.

    Attributes:
        score: In [0, 1]; at least 0.5 exactly if a rule is broken, and larger the further beyond its limit
            the worst measurement lies.
        broken: The rules broken, in their order.
        measurements: What the rules were held against.
    """

    score: float
    broken: tuple[Rule, ...]
    measurements: Mapping[str, float] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The broken rules as findings, with what was measured and the limit."""
        return tuple(
            Finding(
                rule.feedback,
                tuple(f"{side}_{joint}" for joint in rule.joints for side in ("left", "right")),
                self.measurements.get(rule.measurement),
                rule.threshold,
                rule.unit,
            )
            for rule in self.broken
        )

    @property
    def feedback(self) -> str:
        """The sentences of the broken rules, or ``no fault found``."""
        return " ".join(rule.feedback for rule in self.broken) or "no fault found"


def judge(rules: Sequence[Rule], measurements: Mapping[str, float]) -> Verdict:
    """Apply the rules of an exercise to the measurements of a clip.

    The published rules only say yes or no. The score grades them: the logistic function of the largest
    relative margin of any rule, which is 0.5 on the limit.

    Args:
        rules: At least one rule.
        measurements: Value of every measurement the rules read.
    """
    margins = [rule.margin(measurements) for rule in rules]
    broken = tuple(rule for rule, margin in zip(rules, margins, strict=True) if margin > 0)
    # The worst rule decides, as one broken rule makes a bad clip; margins in shares of the limits let
    # degrees and torso lengths compare.
    score = float(expit(max(margins)))
    # On the limit is no fault, but the logistic function of 0 is 0.5, which is a verdict of error.
    just_below = float(np.nextafter(0.5, 0))
    return Verdict(score if broken else min(score, just_below), broken, measurements)
