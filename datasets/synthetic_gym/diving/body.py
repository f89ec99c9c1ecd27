"""The diver's body in its own axes: from a course and faults to every joint."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..kinematics import Array, dot, two_bone, unit, vec
from ..motion import SIDES, Motion, bend_spine, shoulders_of
from ..subject import Subject
from .flight import Course
from .program import Dive

__all__ = ["FLEXION", "centre_of_mass", "pose_body"]

#: Flexion of hips and knees and curve of the spine in each position, degrees.
FLEXION: Mapping[str, tuple[float, float, float]] = {
    "tuck": (128.0, 132.0, 45.0),
    "pike": (132.0, 0.0, 40.0),
    "straight": (0.0, 0.0, 0.0),
    "free": (118.0, 0.0, 35.0),
}
_REACH = 0.985
#: Mass of a segment as a share of the body and where its centre lies between its joints.
_SEGMENTS = (
    ("pelvis", "neck", 0.50, 0.5),
    ("neck", "head", 0.08, 1.0),
    *((f"{side}_hip", f"{side}_knee", 0.10, 0.43) for side, _ in SIDES),
    *((f"{side}_knee", f"{side}_ankle", 0.0605, 0.5) for side, _ in SIDES),
    *((f"{side}_shoulder", f"{side}_elbow", 0.028, 0.44) for side, _ in SIDES),
    *((f"{side}_elbow", f"{side}_wrist", 0.0215, 0.5) for side, _ in SIDES),
)


def pose_body(subject: Subject, dive: Dive, course: Course, faults: Mapping[str, float]) -> Motion:
    """Joints with the pelvis at the origin, x to the diver's left, y up the trunk, z to the front.

    Args:
        subject: The diver.
        dive: What is performed.
        course: When.
        faults: Sizes aimed at, by name.
    """
    frames = len(course.shape)
    hip_flexion, knee_flexion, curve = FLEXION[dive.position]
    hips = course.shape * max(hip_flexion - faults["loose"], 0.0) + 35 * course.crouch
    knees = course.shape * knee_flexion + 70 * course.crouch + faults["knees"] * course.bent
    # A bent knee is carried half by the hip, so that the feet stay in line with the body.
    hips = hips + 0.5 * faults["knees"] * course.bent
    apart = np.radians(0.5 + 0.5 * faults["legs"] * course.late)
    rounded = curve * course.shape
    spine = bend_spine(np.zeros((frames, 3)), 0.5 * rounded, rounded, subject.trunk)
    joints = {"pelvis": spine.pelvis, "lumbar": spine.lumbar, "thorax": spine.thorax, "neck": spine.neck}
    shoulder = shoulders_of(subject, spine)
    knee_pole: dict[str, Array] = {}
    elbow_pole: dict[str, Array] = {}
    for side, sign in SIDES:
        joints |= _leg(subject, side, sign, np.radians(hips), np.radians(knees), apart, course.pointed)
        knee_pole[side] = vec(0.0, np.sin(np.radians(hips)), np.cos(np.radians(hips)))
        elbow_pole[side] = np.broadcast_to(unit(vec(sign, 0.0, -0.3)), (frames, 3))
        wrist = _hand(subject, dive, course, shoulder[side], joints, side, sign)
        joints[f"{side}_shoulder"], joints[f"{side}_wrist"] = shoulder[side], wrist
        joints[f"{side}_elbow"] = two_bone(
            shoulder[side], wrist, subject.upper_arm, subject.forearm, elbow_pole[side]
        )
    joints |= _head(subject, spine.neck, np.radians(rounded + 15 * course.shape))
    bar = np.zeros((frames, 3))
    return Motion(joints, bar, bar, knee_pole, elbow_pole, 0.0)


def centre_of_mass(joints: Mapping[str, Array]) -> Array:
    """Centre of mass of a pose, shape ``(T, 3)``."""
    parts = [mass * (joints[a] + share * (joints[b] - joints[a])) for a, b, mass, share in _SEGMENTS]
    centre: Array = np.sum(parts, axis=0) / sum(mass for _, _, mass, _ in _SEGMENTS)
    return centre


def _leg(
    subject: Subject, side: str, sign: float, hip: Array, knee: Array, apart: Array, pointed: Array
) -> dict[str, Array]:
    def down(angle: Array) -> Array:
        return unit(vec(sign * np.tan(apart), -np.cos(angle), np.sin(angle)))

    start = np.broadcast_to(vec(sign * subject.hip, 0.0, 0.0), (len(hip), 3))
    # Thighs that are drawn up stay together at the knees.
    middle = start + subject.thigh * down(hip)
    shank, front = down(hip - knee), vec(0.0, np.sin(hip - knee), np.cos(hip - knee))
    ankle = middle + subject.shank * shank
    stretch = pointed[:, None]
    foot = unit((1 - stretch) * front + stretch * (0.95 * shank + 0.3 * front))
    return {
        f"{side}_hip": start,
        f"{side}_knee": middle,
        f"{side}_ankle": ankle,
        f"{side}_heel": ankle + 0.03 * shank - 0.03 * front,
        f"{side}_toe": ankle + subject.toe * foot + 0.02 * shank,
    }


def _hand(
    subject: Subject,
    dive: Dive,
    course: Course,
    shoulder: Array,
    joints: Mapping[str, Array],
    side: str,
    sign: float,
) -> Array:
    ankle, knee = joints[f"{side}_ankle"], joints[f"{side}_knee"]
    overhead = shoulder + vec(-sign * (subject.shoulder - 0.03), 0.97 * subject.arm, 0.02)
    lowered = shoulder + vec(sign * 0.05, -0.96 * subject.arm, 0.06)
    wrapped = shoulder + vec(-sign * 0.12, -0.12, 0.22)
    if dive.position == "tuck":
        held = 0.5 * (ankle + knee) + vec(sign * 0.02, 0.0, 0.06)
    else:
        held = 0.8 * ankle + 0.2 * knee + vec(sign * 0.05, 0.0, 0.04)
    raised, shape, wrap = (v[:, None] for v in (course.raised, course.shape, course.wrap))
    target = raised * overhead + (1 - raised) * lowered
    # Half-way up the arms pass in front of the body.
    target = target + 4 * raised * (1 - raised) * vec(0.0, 0.0, 0.4)
    target = (1 - wrap) * target + wrap * wrapped
    target = (1 - shape) * target + shape * held
    way = target - shoulder
    length = np.sqrt(dot(way, way))
    return np.asarray(shoulder + way * np.minimum(1.0, _REACH * subject.arm / length), np.float64)


def _head(subject: Subject, neck: Array, nod: Array) -> dict[str, Array]:
    scale = subject.height
    up, ahead = vec(0.0, np.cos(nod), np.sin(nod)), vec(0.0, -np.sin(nod), np.cos(nod))
    head = neck + (0.1 * up + 0.012 * ahead) * scale
    points = {"head": head, "nose": head + (0.058 * ahead - 0.008 * up) * scale}
    for side, sign in SIDES:
        points[f"{side}_eye"] = head + (0.049 * ahead + 0.012 * up + vec(sign * 0.018, 0, 0)) * scale
        points[f"{side}_ear"] = head + vec(sign * 0.042, 0, 0) * scale
    return points
