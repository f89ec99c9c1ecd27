"""Faults of execution: how large, when, and what they do to the realised body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .kinematics import Array, bump, off_plane, two_bone
from .motion import SIDES, Motion
from .presets import Exercise, Preset
from .style import Style
from .subject import Subject

__all__ = [
    "ERRORS",
    "ErrorDraw",
    "ErrorSpec",
    "activations",
    "deviations",
    "intervals_above",
    "sample_errors",
]

_LIFTING_SHARE = 0.85


@dataclass(frozen=True)
class ErrorSpec:
    """What counts as an error. Thresholds are on realised geometry.

    Attributes:
        name: Task id.
        unit: Unit of the realised magnitude.
        threshold: Magnitude over which the error is labelled.
        severe: Magnitude of severity 1.
        clean: Smallest magnitude aimed at in a clip without the error.
        gain: Control per unit of realised magnitude, roughly.
        limit: Largest control.
        when: Range of the peak in the lifting coordinate (0.5 is the turn, 1 the end); None for an
            error of the whole repetition.
        width: Range of the bump's standard deviation in cycle units.
    """

    name: str
    unit: str
    threshold: float
    severe: float
    clean: float
    gain: float
    limit: float
    when: tuple[float, float] | None
    width: tuple[float, float] = (0.06, 0.10)


#: Errors by exercise, in the order of the tasks.
#: kie: knee inside the plane of hip, ankle and toes. kfe: knee past the toes along the foot.
#: ss: lowest hip over the knee, in shank lengths. elbow: elbow's distance from its clean place.
#: knees: drop of the hips below standing. lumbar: angle between the ends of the spine.
#: torso: trunk over the horizontal.
ERRORS: Mapping[Exercise, tuple[ErrorSpec, ...]] = MappingProxyType(
    {
        "backsquat": (
            ErrorSpec("kie", "m", 0.04, 0.15, 0.0, 250.0, 65.0, (0.57, 0.74)),
            ErrorSpec("kfe", "m", 0.03, 0.11, -0.05, 160.0, 40.0, (0.57, 0.68)),
            ErrorSpec("ss", "shank", 0.0, 0.45, -0.30, 1.0, 0.7, None),
        ),
        "overhead-press": (
            ErrorSpec("elbow", "m", 0.055, 0.20, 0.0, 300.0, 100.0, (0.76, 0.92)),
            ErrorSpec("knees", "m", 0.045, 0.17, 0.0, 1.0, 0.25, (0.76, 0.92)),
        ),
        "barbell-row": (
            ErrorSpec("lumbar", "deg", 18.0, 55.0, 0.0, 1.0, 70.0, (0.57, 0.80), (0.12, 0.20)),
            ErrorSpec("torso", "deg", 43.0, 66.0, 24.0, 1.0, 50.0, (0.57, 0.80), (0.12, 0.20)),
        ),
    }
)


@dataclass(frozen=True)
class ErrorDraw:
    """One error of one clip before it meets the body.

    Attributes:
        target: Realised magnitude aimed at.
        centre: Peak in the lifting coordinate.
        width: Standard deviation of the bump in cycle units.
        side: Uneven shares of the legs, -1 to 1.
    """

    target: float
    centre: float
    width: float
    side: float


def sample_errors(rng: np.random.Generator, exercise: Exercise, preset: Preset) -> dict[str, ErrorDraw]:
    """Draw the errors of a clip: independent, continuous in size, mostly in the lifting half."""
    draws = {}
    for spec in ERRORS[exercise]:
        present, size = rng.random() < preset.rates[spec.name], rng.beta(1.1, 1.6)
        calm, centre = abs(rng.normal(0, 0.45)), rng.random()
        lifted, width, side = rng.random() < _LIFTING_SHARE, rng.uniform(*spec.width), rng.normal(0, 0.45)
        span = spec.severe - spec.threshold
        if present:
            target = spec.threshold + span * (preset.margin * 0.7 + (1 - preset.margin * 0.7) * size)
        else:
            ceiling = spec.threshold - preset.margin * 0.35 * span
            target = spec.clean + (ceiling - spec.clean) * min(1.0, calm)
        low, high = spec.when or (0.5, 0.5)
        at = low + (high - low) * centre
        draws[spec.name] = ErrorDraw(
            float(target), float(at if lifted else 1 - at), float(width), float(np.clip(side, -1, 1))
        )
    return draws


def activations(
    exercise: Exercise, style: Style, draws: Mapping[str, ErrorDraw], control: Mapping[str, float]
) -> dict[str, Array]:
    """Course of each error's control over the frames, each of shape ``(T,)``."""
    act = {}
    for spec in ERRORS[exercise]:
        draw = draws[spec.name]
        shape = (
            np.ones_like(style.cycle) if spec.when is None else bump(style.lifting, draw.centre, draw.width)
        )
        act[spec.name] = control[spec.name] * shape
    if exercise == "backsquat":
        uneven = 0.5 * draws["kie"].side
        act |= {
            "kie_left": np.full_like(style.cycle, 1 + uneven),
            "kie_right": np.full_like(style.cycle, 1 - uneven),
        }
    return act


def deviations(exercise: Exercise, subject: Subject, motion: Motion) -> dict[str, Array]:
    """Realised size of each error per frame, measured on the joints.

    Returns:
        Arrays of shape ``(T,)`` in the units of :data:`ERRORS`; the clip's magnitude is the maximum
        (for ``ss``, whose course is minus infinity but at the lowest hip, too).
    """
    joint = motion.joints
    if exercise == "backsquat":
        inward, ahead, over = [], [], []
        for side, sign in SIDES:
            hip, knee, ankle = joint[f"{side}_hip"], joint[f"{side}_knee"], joint[f"{side}_ankle"]
            forward = motion.knee_pole[side]
            inward.append(sign * off_plane(knee, hip, ankle, np.broadcast_to(forward, knee.shape)))
            ahead.append(((knee - joint[f"{side}_toe"]) * forward).sum(-1))
            over.append((hip - knee)[:, 1] / subject.shank)
        height = np.mean(over, axis=0)
        lowest = np.where(joint["pelvis"][:, 1] <= joint["pelvis"][:, 1].min() + 1e-9, height, -np.inf)
        return {"kie": np.maximum(*inward), "kfe": np.maximum(*ahead), "ss": lowest}
    if exercise == "overhead-press":
        moved = []
        for side, _ in SIDES:
            shoulder, wrist = joint[f"{side}_shoulder"], joint[f"{side}_wrist"]
            clean = two_bone(shoulder, wrist, subject.upper_arm, subject.forearm, motion.elbow_pole[side])
            moved.append(np.linalg.norm(joint[f"{side}_elbow"] - clean, axis=-1))
        return {"elbow": np.maximum(*moved), "knees": motion.standing - joint["pelvis"][:, 1]}
    low, high = joint["lumbar"] - joint["pelvis"], joint["neck"] - joint["thorax"]
    chord = joint["neck"] - joint["pelvis"]
    rounding = np.arctan2(high[:, 2], high[:, 1]) - np.arctan2(low[:, 2], low[:, 1])
    return {"lumbar": np.degrees(rounding), "torso": 90 - np.degrees(np.arctan2(chord[:, 2], chord[:, 1]))}


def intervals_above(course: Array, threshold: float, fps: float) -> list[tuple[float, float]]:
    """Spans of time in which a course is over a threshold, with crossings interpolated.

    Args:
        course: Values per frame, shape ``(T,)``.
        threshold: The level.
        fps: Frames per second.

    Returns:
        ``(start, end)`` in seconds; frame ``t`` is at ``t / fps``, crossings lie between frames.

    Example:
        >>> intervals_above(np.array([0.0, 2.0, 2.0, 0.0]), 1.0, 10.0)
        [(0.05, 0.25)]
    """
    above = course > threshold
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(int)))
    spans: Sequence[tuple[int, int]] = list(zip(edges[::2], edges[1::2] - 1, strict=True))

    def crossing(inside: int, outside: int) -> float:
        if not 0 <= outside < len(course) or not np.isfinite(course[outside]):
            return float(inside)
        share = (course[inside] - threshold) / (course[inside] - course[outside])
        return float(inside + share * (outside - inside))

    return [
        (round(crossing(first, first - 1) / fps, 4), round(crossing(last, last + 1) / fps, 4))
        for first, last in spans
    ]
