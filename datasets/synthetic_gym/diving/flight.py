"""When the diver does what: the course of rotation, twist, shape and height over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..kinematics import Array
from .program import Dive

__all__ = ["GRAVITY", "Course", "Timing", "course_of", "flight_time", "smoothstep"]

GRAVITY = 9.81
_GRID = 800
_OPEN = 0.84
#: How much faster a body turns in the position than stretched.
_FASTER = {"tuck": 4.5, "pike": 2.6, "straight": 0.3, "free": 2.6}
_TWIST_FROM, _TWIST_TO = 0.10, 0.56
_WATER_DRAG = 0.2


@dataclass(frozen=True)
class Timing:
    """Times in seconds from take-off.

    Attributes:
        at: Times to simulate, shape ``(T,)``; negative before take-off.
        entry: When the hands reach the water.
    """

    at: Array
    entry: float

    @property
    def share(self) -> Array:
        """Share of the flight that is over: below 0 before take-off, over 1 after the entry."""
        return self.at / self.entry


@dataclass(frozen=True)
class Course:
    """What the body does, each of shape ``(T,)``.

    Attributes:
        somersault: Angle turned about the lateral axis since upright, radians, growing.
        twist: Angle turned about the long axis, radians.
        shape: 0 stretched to 1 fully in the position.
        wrap: 0 to 1: arms wrapped for the twist.
        raised: 0 arms down, 1 overhead.
        crouch: 0 to 1: depth of the crouch before take-off.
        pointed: 0 flat feet, 1 pointed.
        late: 0 to 1: how much of a fault of the legs shows.
        bent: 0 to 1: how much of a fault of the knees shows.
    """

    somersault: Array
    twist: Array
    shape: Array
    wrap: Array
    raised: Array
    crouch: Array
    pointed: Array
    late: Array
    bent: Array


def smoothstep(x: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    rising: Array = t * t * (3 - 2 * t)
    return rising


def flight_time(rise: float, drop: float) -> float:
    """Seconds from leaving at ``rise`` m/s upward until ``drop`` metres below."""
    return (rise + math.sqrt(rise**2 + 2 * GRAVITY * drop)) / GRAVITY


def course_of(dive: Dive, timing: Timing, lean: float, faults: Mapping[str, float]) -> Course:
    """Lay out a dive in time.

    Args:
        dive: What is performed.
        timing: When.
        lean: Angle from vertical at take-off in degrees.
        faults: Sizes aimed at, by name; ``rotation`` decides the angle at entry.
    """
    share, grid = timing.share, np.linspace(0, 1, _GRID)
    faster = _FASTER[dive.position]
    eased = 1 - 0.85 * smoothstep(grid, _OPEN, 0.97)
    speed = (1 + faster * _shape(dive, grid)) * eased * (0.5 + 0.5 * smoothstep(grid, 0.0, 0.12))
    turned = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    turned /= turned[-1]
    start = math.pi * dive.armstand
    goal = math.pi * dive.half_somersaults + math.radians(faults["rotation"] - lean)
    upright = start + math.radians(lean) * smoothstep(timing.at, -0.4, 0.0)
    lined_up = math.radians(faults["rotation"]) * 0.5 * (1 - np.exp(-np.maximum(share - 1, 0) * 8))
    somersault = upright + np.interp(share, grid, turned) * goal - lined_up
    twist = math.pi * dive.half_twists * np.clip((share - _TWIST_FROM) / (_TWIST_TO - _TWIST_FROM), 0, 1)
    wrap = smoothstep(share, 0.04, 0.12) * (1 - smoothstep(share, _TWIST_TO - 0.02, _TWIST_TO + 0.06))
    shape, opened = _shape(dive, share), smoothstep(share, _OPEN - 0.1, _OPEN)
    if dive.armstand:
        raised = 1 - smoothstep(share, 0.03, 0.12) + smoothstep(share, _OPEN - 0.08, _OPEN + 0.05)
    else:
        swing = smoothstep(timing.at, -0.35, -0.02) * (1 - smoothstep(share, 0.03, 0.14))
        raised = swing + smoothstep(share, _OPEN - 0.08, _OPEN + 0.05)
    dip = smoothstep(timing.at, -0.55, -0.28) * (1 - smoothstep(timing.at, -0.2, 0.0))
    airborne = smoothstep(share, 0.1, 0.3)
    return Course(
        somersault=somersault,
        twist=twist,
        shape=shape,
        wrap=wrap * (dive.half_twists > 0),
        raised=raised,
        crouch=dip * (not dive.armstand),
        pointed=smoothstep(share, 0.0, 0.06) if not dive.armstand else np.ones_like(share),
        late=np.maximum(opened, 0.6 * airborne),
        bent=opened if dive.position == "tuck" else np.maximum(opened, 0.8 * airborne),
    )


def _shape(dive: Dive, share: Array) -> Array:
    """How far the body is in the position: held from early on, or after the twists."""
    start = _TWIST_TO if dive.half_twists else 0.06
    held = smoothstep(share, start, start + 0.12) * (1 - smoothstep(share, _OPEN - 0.08, _OPEN))
    return held * (0.0 if dive.position == "straight" else 1.0)


def sunk(seconds: Array, speed: float) -> Array:
    """Way under water after ``seconds`` since the entry at ``speed``: the water brakes exponentially."""
    way: Array = speed * _WATER_DRAG * (1 - np.exp(-np.maximum(seconds, 0.0) / _WATER_DRAG))
    return way
