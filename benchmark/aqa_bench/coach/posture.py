"""A repetition in a few numbers that anybody can check: by these it is compared with the tested clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aqa_bench.coach.body import Body

__all__ = ["FIGURES", "Figure", "posture"]

Array = npt.NDArray[np.float64]


class Figure(NamedTuple):
    """One number.

    Attributes:
        words: What it says, as the subject of a sentence.
        unit: Its unit.
        slack: By how much a repetition may lie outside of the tested clips and still count as like them.
    """

    words: str
    unit: str
    slack: float


_DEGREES, _TORSOS = "degrees", "torso lengths"

FIGURES: Mapping[str, Figure] = {
    "elbow_least": Figure("The smallest elbow angle", _DEGREES, 15),
    "elbow_most": Figure("The largest elbow angle", _DEGREES, 15),
    "arm_least": Figure("The smallest angle between torso and arm", _DEGREES, 15),
    "arm_most": Figure("The largest angle between torso and arm", _DEGREES, 15),
    "hands_least": Figure("The lowest height of the hands above the shoulders", _TORSOS, 0.15),
    "hands_most": Figure("The greatest height of the hands above the shoulders", _TORSOS, 0.15),
    "knee_least": Figure("The smallest knee angle", _DEGREES, 15),
    "lean_least": Figure("The smallest lean of the torso", _DEGREES, 10),
    "lean_most": Figure("The largest lean of the torso", _DEGREES, 10),
    "hips_travel": Figure("The vertical travel of the hips", _TORSOS, 0.15),
    "hips_drift": Figure("The sideways travel of the hips", _TORSOS, 0.15),
    "feet_drift": Figure("The sideways travel of the feet", _TORSOS, 0.15),
    "feet_lift": Figure("The height of one foot above the other", _TORSOS, 0.15),
}
"""Every number by name."""

_KNOWN = 0.5


def posture(body: Body) -> dict[str, float]:
    """The numbers of a repetition; those are left out whose joints are seen in less than half of it.

    Extremes are the 5th and 95th percentiles over time, so that one bad frame does not decide.

    Args:
        body: The frames of the repetition.
    """
    elbow = body.both("shoulder", "elbow", "wrist")
    arm = body.both("hip", "shoulder", "wrist")
    hands = body.height("wrist", "shoulder")
    ankles = [body.at(f"{side}_ankle") / body.torso for side in ("left", "right")]
    found = {
        "elbow_least": _least(elbow),
        "elbow_most": _most(elbow),
        "arm_least": _least(arm),
        "arm_most": _most(arm),
        "hands_least": _least(hands),
        "hands_most": _most(hands),
        "knee_least": _least(body.both("hip", "knee", "ankle")),
        "lean_least": _least(body.lean()),
        "lean_most": _most(body.lean()),
        "hips_travel": _travel(body.height("hip")),
        "hips_drift": _travel(body.across("hip")),
        "feet_drift": max(_travel(ankle[:, 0]) for ankle in ankles),
        "feet_lift": _travel(ankles[0][:, 1] - ankles[1][:, 1]),
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _least(values: Array) -> float:
    return _percentile(values, 5)


def _most(values: Array) -> float:
    return _percentile(values, 95)


def _travel(values: Array) -> float:
    return _percentile(values, 95) - _percentile(values, 5)


def _percentile(values: Array, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, share)) if len(known) > _KNOWN * len(values) else float("nan")
