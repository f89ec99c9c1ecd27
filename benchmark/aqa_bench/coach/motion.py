"""What moves in an exercise: the number that tells rest from effort, and what is plotted of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from aqa_bench.coach.assessment import Series
from aqa_bench.coach.body import Body

__all__ = ["MOTIONS", "Motion", "series_of"]

Array = npt.NDArray[np.float64]
_ANGLES = {
    "elbow": ("shoulder", "elbow", "wrist"),
    "shoulder": ("hip", "shoulder", "elbow"),
    "knee": ("hip", "knee", "ankle"),
    "hip": ("shoulder", "hip", "knee"),
}


_STANDS = frozenset({"lean_most", "hips_travel", "hips_drift", "feet_drift", "feet_lift"})
_LEGS = _STANDS | {"knee_least"}
_HANDS = _STANDS | {"hands_least", "hands_most"}
_ARMS = _HANDS | {"elbow_least", "elbow_most", "arm_least", "arm_most"}


@dataclass(frozen=True)
class Motion:
    """How a repetition of an exercise shows.

    Attributes:
        effort: From a body ``(T,)``: least at rest, most at the turn.
        least: Rise from rest to turn below which it is no repetition, in the unit of ``effort``.
        name: Of ``effort``, in words.
        unit: Of ``effort``.
        angle: Which joint's angle is plotted.
        bar: Height of the bar in the unit of ``effort``, or what is nearest to it, ``(T,)``.
        starts: Where the bar is at rest.
        figures: The numbers of :mod:`aqa_bench.coach.posture` by which a repetition is compared with tested
            ones; the others only help to recognise the exercise.
        needs: Joints without which nothing can be said, by name without side; of one side at least.
    """

    effort: Callable[[Body], Array]
    least: float
    name: str
    unit: str
    angle: str
    needs: tuple[str, ...]
    figures: frozenset[str]
    bar: Callable[[Body], Array] = lambda body: body.height("wrist")
    starts: Literal["high", "low"] = "low"


MOTIONS: Mapping[str, Motion] = {
    "bicep-curl": Motion(
        lambda body: 180 - body.both("shoulder", "elbow", "wrist"),
        40,
        "Elbow bend",
        "degrees",
        "elbow",
        ("shoulder", "elbow", "wrist", "hip"),
        _ARMS,
    ),
    "front-raise": Motion(
        lambda body: body.both("hip", "shoulder", "wrist"),
        35,
        "Angle between torso and arm",
        "degrees",
        "shoulder",
        ("shoulder", "elbow", "wrist", "hip"),
        _ARMS,
    ),
    "shoulder-press": Motion(
        lambda body: body.height("wrist", "shoulder"),
        0.4,
        "Height of the hands above the shoulders",
        "torso lengths",
        "elbow",
        ("shoulder", "elbow", "wrist", "hip"),
        _ARMS,
    ),
    "shoulder-shrug": Motion(
        lambda body: body.height("shoulder", "hip"),
        0.03,
        "Height of the shoulders above the hips",
        "torso lengths",
        "elbow",
        ("shoulder", "elbow", "wrist", "hip"),
        _ARMS,
    ),
    "squat": Motion(
        lambda body: -body.height("hip", "ankle"),
        0.3,
        "Depth of the hips",
        "torso lengths",
        "knee",
        ("shoulder", "hip", "knee", "ankle"),
        _LEGS,
        bar=lambda body: body.height("shoulder"),
        starts="high",
    ),
    "overhead-press": Motion(
        lambda body: body.height("wrist", "shoulder"),
        0.4,
        "Height of the hands above the shoulders",
        "torso lengths",
        "elbow",
        ("shoulder", "elbow", "wrist", "hip", "knee"),
        _HANDS,
    ),
    "barbell-row": Motion(
        lambda body: body.height("wrist", "shoulder"),
        0.2,
        "Height of the hands above the shoulders",
        "torso lengths",
        "elbow",
        ("shoulder", "elbow", "wrist", "hip", "knee"),
        _HANDS,
    ),
}
"""How every exercise moves."""


def series_of(body: Body, exercise: str) -> list[Series]:
    """What is plotted: the number that repetitions are cut by, and the joint's angle on either side."""
    motion = MOTIONS[exercise]
    found = [(motion.name, motion.unit, motion.effort(body))]
    for side in ("left", "right"):
        joints = [f"{side}_{joint}" for joint in _ANGLES[motion.angle]]
        found.append((f"{side.capitalize()} {motion.angle} angle", "degrees", body.angle(*joints)))
    return [
        Series(name=name, unit=unit, values=[_rounded(value) for value in values.tolist()])
        for name, unit, values in found
        if np.isfinite(values).any()
    ]


def _rounded(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None
