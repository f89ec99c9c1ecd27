"""One dive: flown, measured, judged, and ready to be rendered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ..clip import COCO_17
from ..figure import Parts, body_parts
from ..kinematics import Array, dot, unit, vec
from ..look import Look, sample_look
from ..motion import SIDES, Motion
from ..subject import Subject, sample_subject
from .body import FLEXION, centre_of_mass, pose_body
from .camera import Panning, follow, project
from .faults import FAULTS, execution, sample_faults
from .flight import GRAVITY, Course, Timing, course_of, flight_time, sunk
from .judging import Judgement, judge
from .plan import DivePlan
from .pool import Pool, sample_pool
from .presets import SECONDS, diving_preset
from .program import Dive
from .splash import splash_parts

__all__ = ["DiveAnnotation", "DiveClip", "make_dive"]

_IDEAL_DISTANCE = {"springboard": 1.5, "platform": 1.7}
_RISE = {"springboard": (4.4, 5.2), "platform": (2.5, 3.1)}
_HANDSTAND_RISE = 0.6
_SPLASH_FLOOR, _SPLASH_PER_DEGREE, _SPLASH_PER_SPREAD = 0.22, 0.009, 0.005


@dataclass(frozen=True)
class DiveAnnotation:
    """What is known about a dive.

    Attributes:
        plan: Which dive.
        faults: Realised size of every fault, by name.
        execution: Marks that it deserves, 0 to 10.
        judgement: What the judges gave.
        entry: Time of the entry in the clip, seconds.
        keypoints_2d: Pixel x, y and confidence (1 over water, 0 under water or outside the picture) of
            the joints of ``COCO_17``, shape ``(T, 17, 3)``.
        keypoints_3d: World positions in metres, shape ``(T, 17, 3)``.
    """

    plan: DivePlan
    faults: Mapping[str, float]
    execution: float
    judgement: Judgement
    entry: float
    keypoints_2d: Array
    keypoints_3d: Array

    def record(self) -> dict[str, Any]:
        """The annotation without its arrays, as JSON values rounded to 6 significant digits."""
        dive = self.plan.dive
        return {
            "id": self.plan.id,
            "event": self.plan.event,
            "board": self.plan.board,
            "rotation": dive.rotation,
            "position": dive.position,
            "armstand": dive.armstand,
            "somersaults": dive.somersaults,
            "twists": dive.twists,
            "difficulty": dive.difficulty,
            "faults": {name: _rounded(size) for name, size in self.faults.items()},
            "execution": _rounded(self.execution),
            "awards": list(self.judgement.awards),
            "score": self.judgement.score,
            "entry": _rounded(self.entry),
        }


@dataclass(frozen=True)
class DiveClip:
    """A simulated dive: the annotation and what a renderer needs.

    Attributes:
        annotation: What is known.
        pool: Where it takes place.
        camera: How it is filmed.
        body: The diver.
        splash: The water thrown up.
        entry_point: Where the hands enter, shape ``(3,)``.
        since: Seconds since the entry, shape ``(T,)``.
    """

    annotation: DiveAnnotation
    pool: Pool
    camera: Panning
    body: Parts
    splash: Parts
    entry_point: Array
    since: Array


def _rounded(value: float) -> float:
    return 0.0 if abs(value) < 1e-6 else float(f"{value:.6g}")


@lru_cache(maxsize=4)
def _pool_of(first: DivePlan) -> Pool:
    return sample_pool(first.event_stream("pool"), first.board)


def _swimmer(rng: np.random.Generator) -> Look:
    """Trunks or a swimsuit, bare feet."""
    look = sample_look(rng)
    bare = bool(rng.random() < 0.5)
    return replace(
        look,
        top=look.bottom,
        shoe=look.skin,
        sleeve=0.0,
        leg=0.18,
        pattern=0,
        bare=bare,
        belt=False,
        bun=look.bun and not bare,
    )


@dataclass(frozen=True)
class _Flown:
    """Joints in the world, and how body axes are turned and placed, one row per time."""

    motion: Motion
    joints: Mapping[str, Array]
    turn: Array
    origin: Array
    centre: Array


def make_dive(plan: DivePlan, *, faults: Mapping[str, float] | None = None) -> DiveClip:
    """Simulate and judge a dive.

    Args:
        plan: Which dive.
        faults: Sizes to aim at instead of those drawn; all else stays the same to the last bit, so clips
            of one plan with different faults are counterfactual pairs.
    """
    preset = diving_preset(plan.preset)
    pool = _pool_of(replace(plan, number=1, dive=Dive("front", "pike", 3)))
    subject, look = sample_subject(plan.stream("subject")), _swimmer(plan.stream("look"))
    aimed = {**sample_faults(plan.stream("faults")), **(faults or {})}
    habits = plan.stream("habits")
    rise = float(habits.uniform(*_RISE[plan.board])) * (_HANDSTAND_RISE if plan.dive.armstand else 1.0)
    lean, end = float(habits.uniform(5, 11)), float(habits.uniform(0.42, 0.56))
    entry = _entry_time(subject, pool, rise, plan.dive)
    clock = np.arange(preset.frames) / preset.fps - (SECONDS - end)
    # Two more rows than frames: the tightest moment and the entry, where faults are measured.
    hold = 0.7 * entry if plan.dive.half_twists else 0.5 * entry
    timing = Timing(np.concatenate([clock + entry, [hold, entry]]), entry)
    course = course_of(plan.dive, timing, lean, aimed)
    flown = _fly(plan, subject, pool, course, timing, rise, aimed)
    sizes = _measured(plan, flown, aimed)
    marks = execution(sizes)
    judgement = judge(marks, plan.dive.difficulty, plan.event_stream("judges"), plan.stream("judges"))
    shown = {name: points[:-2] for name, points in flown.joints.items()}
    camera = follow(plan.stream("camera"), pool, flown.centre[:-2], preset.fps)
    hands = (flown.joints["left_wrist"][-1] + flown.joints["right_wrist"][-1]) / 2
    point = np.array([hands[0], 0.0, hands[2]])
    joints = np.stack([shown[name] for name in COCO_17], 1)
    annotation = DiveAnnotation(
        plan=plan,
        faults=sizes,
        execution=marks,
        judgement=judgement,
        entry=SECONDS - end,
        keypoints_2d=_keypoints(camera, joints, preset.size),
        keypoints_3d=joints,
    )
    return DiveClip(
        annotation=annotation,
        pool=pool,
        camera=camera,
        body=_carried(body_parts(subject, flown.motion, look), flown),
        splash=splash_parts(plan.stream("splash"), sizes["splash"], point, clock),
        entry_point=point,
        since=clock,
    )


def _entry_time(subject: Subject, pool: Pool, rise: float, dive: Dive) -> float:
    """Seconds in the air: from the centre's height at take-off until the hands touch the water."""
    over_feet = subject.leg + 0.12 * subject.height
    over_hands = 0.5 * subject.trunk + subject.arm
    start = pool.height + (over_hands if dive.armstand else over_feet)
    return flight_time(rise, start - over_hands)


def _fly(
    plan: DivePlan,
    subject: Subject,
    pool: Pool,
    course: Course,
    timing: Timing,
    rise: float,
    faults: Mapping[str, float],
) -> _Flown:
    dive, at = plan.dive, timing.at
    motion = pose_body(subject, dive, course, faults)
    centre = centre_of_mass(motion.joints)
    turn = _turns(dive, course)
    # Until take-off the toes, or the hands of an armstand, stay where they are.
    held = [f"{side}_{'wrist' if dive.armstand else 'toe'}" for side, _ in SIDES]
    contact = sum(motion.joints[name] for name in held) / 2
    tip = np.array([0.0, pool.height + (0.05 if dive.armstand else 0.03), -0.08])
    standing = tip - np.einsum("tij,tj->ti", turn, contact - centre)
    takeoff = np.array([np.interp(0.0, at[:-2], standing[:-2, axis]) for axis in range(3)])
    ends = _IDEAL_DISTANCE[plan.board] + faults["distance"]
    speed = (ends - takeoff[2]) / timing.entry
    flying = np.minimum(at, timing.entry)
    fall = rise - GRAVITY * timing.entry
    path = takeoff + vec(0.0, rise * flying - GRAVITY * flying**2 / 2, speed * flying)
    under = at - timing.entry
    path = path - vec(0.0, sunk(under, -fall), -sunk(under, speed))
    placed = np.where((at < 0)[:, None], standing, path)
    joints = {
        name: np.einsum("tij,tj->ti", turn, points - centre) + placed
        for name, points in motion.joints.items()
    }
    return _Flown(motion, joints, turn, centre, placed)


def _turns(dive: Dive, course: Course) -> Array:
    """Rotations of the body's axes in the world, shape ``(T, 3, 3)``: twist, then somersault, then facing."""
    forward = dive.rotation in ("front", "inward")
    angle = course.somersault * (1 if forward else -1)
    cos, sin, nil, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    over = _matrix([[one, nil, nil], [nil, cos, -sin], [nil, sin, cos]])
    cos, sin = np.cos(course.twist), np.sin(course.twist)
    twist = _matrix([[cos, nil, sin], [nil, one, nil], [-sin, nil, cos]])
    facing = np.diag([-1.0, 1.0, -1.0]) if dive.rotation in ("back", "inward") else np.eye(3)
    turns: Array = facing @ over @ twist
    return turns


def _matrix(rows: list[list[Array]]) -> Array:
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _carried(parts: Parts, flown: _Flown) -> Parts:
    """Parts in body axes to the world, the frames of the clip alone."""

    def carry(points: Array) -> Array:
        turned = np.einsum("tij,tpj->tpi", flown.turn, points - flown.origin[:, None])
        return np.asarray((turned + flown.centre[:, None])[:-2], np.float64)

    return replace(parts, start=carry(parts.start), end=carry(parts.end))


def _measured(plan: DivePlan, flown: _Flown, aimed: Mapping[str, float]) -> dict[str, float]:
    """Sizes of the faults as realised: at the entry (last row) and at the tightest moment (before it)."""
    joints = flown.joints

    def middle(name: str, row: int) -> Array:
        return np.asarray(joints[f"left_{name}"][row] + joints[f"right_{name}"][row], np.float64) / 2

    line = middle("wrist", -1) - middle("hip", -1)
    forward = plan.dive.rotation in ("front", "inward")
    away = (1.0 if forward else -1.0) * (-1.0 if plan.dive.rotation in ("back", "inward") else 1.0)
    thighs = {side: joints[f"{side}_knee"] - joints[f"{side}_hip"] for side, _ in SIDES}
    shanks = {side: joints[f"{side}_ankle"] - joints[f"{side}_knee"] for side, _ in SIDES}
    legs = [joints[f"{side}_ankle"][-1] - joints[f"{side}_hip"][-1] for side, _ in SIDES]
    trunk = joints["neck"][-2] - joints["pelvis"][-2]
    folded = _degrees(trunk, thighs["left"][-2])
    ideal, _, curve = FLEXION[plan.dive.position]
    tightest = 180 - ideal - 0.5 * curve
    sizes = {
        "rotation": math.degrees(math.atan2(-away * line[2], -line[1])),
        "legs": _degrees(*legs),
        "knees": max(_degrees(thighs[side][-1], shanks[side][-1]) for side, _ in SIDES),
        "loose": 0.0 if plan.dive.position == "straight" else max(folded - tightest, 0.0),
        "distance": aimed["distance"],
    }
    thrown = _SPLASH_PER_DEGREE * abs(sizes["rotation"]) + _SPLASH_PER_SPREAD * sizes["legs"]
    sizes["splash"] = min(_SPLASH_FLOOR + thrown + abs(aimed["splash"]), FAULTS["splash"].limit)
    return sizes


def _degrees(a: Array, b: Array) -> float:
    return math.degrees(math.acos(float(np.clip(dot(unit(a), unit(b))[0], -1.0, 1.0))))


def _keypoints(camera: Panning, joints: Array, size: int) -> Array:
    pixels, depth = project(camera, joints, size)
    seen = ((pixels >= 0) & (pixels < size)).all(-1) & (depth > 0.1) & (joints[..., 1] > 0)
    return np.concatenate([pixels, np.where(seen, 1.0, 0.0)[..., None]], -1)
