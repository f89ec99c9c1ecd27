"""The moving body: from a plan of trunk and bar to every joint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kinematics import Array, dot, two_bone, unit, vec
from .style import Style
from .subject import Subject

__all__ = [
    "SIDES",
    "Feet",
    "Motion",
    "Spine",
    "bar_axis_of",
    "bend_spine",
    "build_motion",
    "largest_share",
    "place_feet",
    "plan_bar_to_hip",
    "shoulders_of",
    "unit_pole",
    "within_reach",
]

#: Name and sign on the x axis of the two sides of the body.
SIDES = (("left", 1.0), ("right", -1.0))
_SEGMENTS = 3
Mask = NDArray[np.bool_]
_TOE_HEIGHT = 0.025
_RACK_BACK, _RACK_DOWN = 0.085, 0.035


@dataclass(frozen=True)
class Motion:
    """A repetition in space.

    Attributes:
        joints: Positions by name, each of shape ``(T, 3)``, metres.
        bar: Centre of the barbell, shape ``(T, 3)``.
        bar_axis: Unit vector along the barbell toward the lifter's left, shape ``(T, 3)``.
        knee_pole: Horizontal direction of each foot by side, shape ``(3,)``.
        elbow_pole: Direction to which the clean elbow points by side, shape ``(T, 3)``.
        standing: Height of the mid-hip when standing, metres.
    """

    joints: Mapping[str, Array]
    bar: Array
    bar_axis: Array
    knee_pole: Mapping[str, Array]
    elbow_pole: Mapping[str, Array]
    standing: float


@dataclass(frozen=True)
class Spine:
    """Pelvis to neck in three segments. Positions ``(T, 3)``; ``top`` and ``back`` are unit vectors."""

    pelvis: Array
    lumbar: Array
    thorax: Array
    neck: Array
    top: Array
    back: Array


@dataclass(frozen=True)
class Feet:
    """Both feet, fixed at the toes. Positions by side; ``forward`` is the foot's direction on the floor."""

    ankle: Mapping[str, Array]
    heel: Mapping[str, Array]
    toe: Mapping[str, Array]
    forward: Mapping[str, Array]


def bend_spine(pelvis: Array, lean: Array, curve: Array, length: float) -> Spine:
    """Stack three segments on the pelvis.

    Args:
        pelvis: Mid-hip, shape ``(T, 3)``.
        lean: Forward lean of the middle segment in degrees, shape ``(T,)``.
        curve: Angle between the lowest and the highest segment in degrees; positive is rounded.
        length: Length of the whole spine in metres.
    """
    points, direction = [pelvis], pelvis
    for part in range(_SEGMENTS):
        angle = np.radians(lean + curve * (part / (_SEGMENTS - 1) - 0.5))
        direction = vec(0.0, np.cos(angle), np.sin(angle))
        points.append(points[-1] + direction * length / _SEGMENTS)
    back = vec(0.0, direction[:, 2], -direction[:, 1])
    return Spine(points[0], points[1], points[2], points[3], direction, back)


def plan_bar_to_hip(curve: float, length: float) -> tuple[float, float]:
    """Polar form of the vector from mid-hip to a bar on the back of an upright lifter.

    Returns:
        Distance in metres and forward angle from vertical in degrees.
    """
    spine = bend_spine(np.zeros((1, 3)), np.zeros(1), np.full(1, curve), length)
    offset = (spine.neck + spine.back * _RACK_BACK - spine.top * _RACK_DOWN)[0]
    return float(np.hypot(offset[1], offset[2])), float(np.degrees(np.arctan2(offset[2], offset[1])))


def place_feet(subject: Subject, heel_rise: Array) -> Feet:
    """Plant the feet, pitched about the toes.

    Args:
        subject: The lifter.
        heel_rise: Pitch of both feet in degrees, shape ``(T,)``.
    """
    angle = np.radians(subject.toe_out)
    cos, sin = np.cos(np.radians(heel_rise)), np.sin(np.radians(heel_rise))
    ankle: dict[str, Array] = {}
    heel: dict[str, Array] = {}
    toe: dict[str, Array] = {}
    forward: dict[str, Array] = {}
    for side, sign in SIDES:
        ahead = vec(sign * np.sin(angle), 0.0, np.cos(angle))
        base = vec(sign * subject.stance, 0.0, 0.0)
        tip = base + ahead * subject.toe + vec(0, _TOE_HEIGHT, 0)
        # Pitching about the toes, in coordinates ahead of and above them.
        for part, behind, above in ((ankle, 0.0, subject.ankle), (heel, -0.045, 0.03)):
            near, high = behind - subject.toe, above - _TOE_HEIGHT
            part[side] = (
                tip + ahead * (near * cos + high * sin)[:, None] + vec(0.0, high * cos - near * sin, 0.0)
            )
        toe[side] = np.broadcast_to(tip, ankle[side].shape)
        forward[side] = ahead
    return Feet(ankle, heel, toe, forward)


def bar_axis_of(subject: Subject, style: Style) -> Array:
    """Direction of the barbell, nearly level, shape ``(T, 3)``."""
    roll = np.radians(subject.bar_roll + style.noise["roll"])
    return vec(np.cos(roll), np.sin(roll), 0.0)


def shoulders_of(subject: Subject, spine: Spine) -> dict[str, Array]:
    """Shoulder joints by side, shape ``(T, 3)``."""
    return {side: spine.neck + vec(sign * subject.shoulder, 0, 0) - spine.top * 0.045 for side, sign in SIDES}


def build_motion(
    subject: Subject,
    spine: Spine,
    feet: Feet,
    bar: Array,
    bar_axis: Array,
    *,
    elbow_pole: Mapping[str, Array],
    knee_swivel: Mapping[str, Array],
    elbow_swivel: Mapping[str, Array],
    head_lean: Array,
    standing: float,
) -> Motion:
    """Close the chains of legs and arms and add the head.

    Args:
        subject: The lifter.
        spine: Pelvis to neck.
        feet: Planted feet.
        bar: Centre of the barbell, shape ``(T, 3)``.
        bar_axis: Direction of the barbell, shape ``(T, 3)``.
        elbow_pole: Direction to which the clean elbow points, by side.
        knee_swivel: Inward turn of the knee about the line from hip to ankle, degrees, by side.
        elbow_swivel: Outward turn of the elbow about the line from shoulder to wrist, degrees, by side.
        head_lean: Forward lean of the head in degrees, shape ``(T,)``.
        standing: Height of the mid-hip when standing, metres.
    """
    joints = {"pelvis": spine.pelvis, "lumbar": spine.lumbar, "thorax": spine.thorax, "neck": spine.neck}
    shoulder = shoulders_of(subject, spine)
    for side, sign in SIDES:
        hip = spine.pelvis + vec(sign * subject.hip, 0, 0)
        ankle, pole = feet.ankle[side], feet.forward[side]
        # About the line from hip to ankle a right-handed turn takes the left knee inward.
        turn = sign * np.radians(knee_swivel[side])
        knee = two_bone(hip, ankle, subject.thigh, subject.shank, pole, turn)
        wrist = bar + bar_axis * sign * subject.grip
        flare = sign * np.radians(elbow_swivel[side])
        elbow = two_bone(shoulder[side], wrist, subject.upper_arm, subject.forearm, elbow_pole[side], flare)
        joints |= {
            f"{side}_shoulder": shoulder[side],
            f"{side}_elbow": elbow,
            f"{side}_wrist": wrist,
            f"{side}_hip": hip,
            f"{side}_knee": knee,
            f"{side}_ankle": ankle,
            f"{side}_heel": feet.heel[side],
            f"{side}_toe": feet.toe[side],
        }
    angle, scale = np.radians(head_lean), subject.height
    up, ahead = vec(0.0, np.cos(angle), np.sin(angle)), vec(0.0, -np.sin(angle), np.cos(angle))
    head = spine.neck + (up * 0.1 + ahead * 0.012) * scale
    joints |= {"head": head, "nose": head + (ahead * 0.058 - up * 0.008) * scale}
    for side, sign in SIDES:
        joints[f"{side}_eye"] = head + (ahead * 0.049 + up * 0.012) * scale + vec(sign * 0.018 * scale, 0, 0)
        joints[f"{side}_ear"] = head + vec(sign * 0.042 * scale, 0, 0)
    return Motion(joints, bar, bar_axis, feet.forward, elbow_pole, standing)


def within_reach(subject: Subject, spine: Spine, bar: Array, bar_axis: Array, share: float = 0.995) -> Mask:
    """Whether both hands reach the bar, boolean of shape ``(T,)``."""
    shoulder = shoulders_of(subject, spine)
    distances = [
        np.sqrt(dot(v := bar + bar_axis * sign * subject.grip - shoulder[side], v))[:, 0]
        for side, sign in SIDES
    ]
    reached: Mask = np.maximum(*distances) <= share * subject.arm
    return reached


def unit_pole(x: float, y: float, z: float, frames: int) -> Array:
    """A constant direction for every frame, shape ``(frames, 3)``."""
    return np.broadcast_to(unit(vec(x, y, z)), (frames, 3))


def largest_share(fits: Callable[[Array], Mask], frames: int) -> Array:
    """Per frame, how much of a deviation the body can carry out while the bar keeps its path.

    Args:
        fits: Whether shares of shape ``(frames,)`` between 0 and 1 are possible, boolean per frame.
        frames: Number of frames.

    Returns:
        1 where the whole deviation fits, otherwise the largest share that does (to 1/4096).
    """
    share = np.where(fits(np.ones(frames)), 1.0, 0.0)
    if share.all():
        return share
    step = 0.5
    for _ in range(12):
        trial = np.minimum(share + step, 1.0)
        share = np.where(fits(trial), trial, share)
        step /= 2
    return share
