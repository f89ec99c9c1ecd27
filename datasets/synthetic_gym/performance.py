"""One repetition as performed: errors are dosed until the body shows the magnitudes aimed at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .errors import ERRORS, ErrorDraw, activations, deviations
from .kinematics import Array
from .motion import Motion
from .presets import Exercise
from .press import press
from .row import row
from .squat import squat
from .style import Style
from .subject import Subject

__all__ = ["Performance", "perform", "perform_cleanly", "pose"]

_POSES: Mapping[Exercise, Callable[[Subject, Style, Mapping[str, Array]], Motion]] = MappingProxyType(
    {"backsquat": squat, "overhead-press": press, "barbell-row": row}
)
_ROUNDS = 10
_TOLERANCE = 0.03
_CLEAN_DEPTH = -0.12


@dataclass(frozen=True)
class Performance:
    """A repetition and what it shows.

    Attributes:
        motion: Joints and bar.
        course: Realised size of each error per frame, shape ``(T,)``.
        magnitude: Largest realised size of each error.
    """

    motion: Motion
    course: Mapping[str, Array]
    magnitude: Mapping[str, float]


def pose(
    exercise: Exercise,
    subject: Subject,
    style: Style,
    draws: Mapping[str, ErrorDraw],
    control: Mapping[str, float],
) -> Performance:
    """Pose a repetition with given doses of each error."""
    motion = _POSES[exercise](subject, style, activations(exercise, style, draws, control))
    course = deviations(exercise, subject, motion)
    return Performance(motion, course, {name: float(values.max()) for name, values in course.items()})


def perform_cleanly(exercise: Exercise, subject: Subject, style: Style) -> Motion:
    """Pose a repetition without any error; a squat goes a little below parallel."""
    draws = {spec.name: ErrorDraw(0.0, 0.65, 0.08, 0.0) for spec in ERRORS[exercise]}
    dose = {spec.name: 0.0 if spec.when else _CLEAN_DEPTH for spec in ERRORS[exercise]}
    return pose(exercise, subject, style, draws, dose).motion


def perform(
    exercise: Exercise, subject: Subject, style: Style, draws: Mapping[str, ErrorDraw]
) -> Performance:
    """Find the doses at which the realised magnitudes meet their targets, by the secant rule.

    A target below what the clean repetition shows leaves the repetition clean; one beyond what the
    body can do leaves it at the limit. Either way the magnitudes returned are the realised ones.

    Args:
        exercise: Which exercise.
        subject: The lifter.
        style: The clean repetition.
        draws: Errors aimed at, by name.
    """
    specs = ERRORS[exercise]
    dose = {spec.name: draws[spec.name].target if spec.when is None else 0.0 for spec in specs}
    slope = {spec.name: spec.gain for spec in specs}
    shown = pose(exercise, subject, style, draws, dose)
    for _ in range(_ROUNDS):
        step = {}
        for spec in specs:
            missing = draws[spec.name].target - shown.magnitude[spec.name]
            floor = 0.0 if spec.when else -spec.limit
            wanted = min(max(dose[spec.name] + slope[spec.name] * missing, floor), spec.limit)
            if abs(missing) > _TOLERANCE * (spec.severe - spec.threshold) and wanted != dose[spec.name]:
                step[spec.name] = wanted - dose[spec.name]
        if not step:
            break
        dose = {name: value + step.get(name, 0.0) for name, value in dose.items()}
        before, shown = shown, pose(exercise, subject, style, draws, dose)
        for spec in specs:
            gained = shown.magnitude[spec.name] - before.magnitude[spec.name]
            if spec.name in step and gained * step[spec.name] > 0:
                ratio = step[spec.name] / gained
                slope[spec.name] = min(max(ratio, spec.gain / 4), spec.gain * 4)
    return shown
