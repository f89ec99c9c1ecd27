"""Pressing stick figures: a side view of a shoulder press, drawn from a few angles.

A figure that faces right stands upright and presses a bar overhead, once. Each angle is in degrees; the
trunk's tilt is measured from the vertical (positive leans forward), the upper arm's from hanging
beside the trunk (180 points straight overhead), the elbow's from the straight arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from aqa_bench.core.seeds import data_seed
from aqa_bench.media.layouts import LAYOUTS

__all__ = ["CLIPS_PER_SOURCE", "LAYOUT", "SOURCES", "Fault", "Source", "draw_clip", "fault_of"]

Array = npt.NDArray[np.float64]

LAYOUT = "openpose-18"
SOURCES = 30
CLIPS_PER_SOURCE = 2
_JOINTS = LAYOUTS[LAYOUT].joints
_FAULTY = 12


class Fault(StrEnum):
    """What a figure does wrong."""

    LOCKOUT = "lockout"
    """The arms stay bent at the top."""
    ELBOWS = "elbows"
    """The elbows travel behind the trunk at the bottom."""
    LEAN = "lean"
    """The trunk leans back under the bar."""


@dataclass(frozen=True, slots=True)
class Source:
    """One performer in one recording.

    Attributes:
        number: Number of the source, from 0.
        fault: What it does wrong, None for good form.
    """

    number: int
    fault: Fault | None


def fault_of(number: int, order: tuple[int, ...]) -> Fault | None:
    """Fault of a source: the first 12 of a drawn order have one, in turn."""
    place = order.index(number)
    return list(Fault)[place % len(Fault)] if place < _FAULTY else None


def draw_clip(dataset: str, source: Source, clip: int) -> npt.NDArray[np.float32]:
    """Draw one clip; the same arguments always give the same clip.

    Args:
        dataset: Dataset id: names the seed.
        source: Who performs, and how.
        clip: Number of the clip within its source.

    Returns:
        ``(T, 18, 3)`` float32 in layout openpose-18: x, y in pixels of a 640 x 480 image, rounded to
        hundredths, and confidence in [0, 1]; 0 where a joint is missing.
    """
    body = _Body(np.random.default_rng(data_seed(dataset, "body", source.number)))
    rng = np.random.default_rng(data_seed(dataset, "clip", source.number, clip))
    places = _joint_places(body, _motion(source.fault, body, rng))
    points = np.stack([places[joint] for joint in _JOINTS], axis=1)
    points *= body.pixels * rng.uniform(0.97, 1.03)
    points += [320 + rng.uniform(-30, 30), 330 + rng.uniform(-15, 15)]
    points += _tremor(rng, points.shape, scale=0.012 * body.pixels)
    return _detected(points, body, rng)


class _Body:
    """Proportions in trunk lengths, and how the camera sees them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.pixels = rng.uniform(85, 120)
        self.upper_arm = rng.uniform(0.54, 0.64)
        self.forearm = rng.uniform(0.46, 0.55)
        self.thigh = rng.uniform(0.78, 0.88)
        self.shank = rng.uniform(0.74, 0.84)
        self.head = rng.uniform(0.3, 0.36)
        self.turn = rng.uniform(0.02, 0.06)
        self.tilt = rng.normal(-1, 1.5)
        self.far_arm_missing = rng.uniform(0.1, 0.45)
        self.near_missing = rng.uniform(0.0, 0.04)


@dataclass(frozen=True, slots=True)
class _Motion:
    """Angles in degrees, ``(T,)`` each."""

    tilt: Array
    upper_arm: Array
    elbow: Array


def _motion(fault: Fault | None, body: _Body, rng: np.random.Generator) -> _Motion:
    lift = _lift(rng)
    bottom, top = rng.normal(24, 5), 176 - abs(rng.normal(0, 4))
    bend_bottom, bend_top = rng.normal(128, 7), abs(rng.normal(0, 3.5))
    lean, sway = abs(rng.normal(2.5, 1.5)), rng.normal(0, 0.6, 2)
    if fault is Fault.LOCKOUT:
        bend_top += rng.uniform(2, 42)
        top -= rng.uniform(0, 18)
    elif fault is Fault.ELBOWS:
        bottom -= rng.uniform(22, 58)
    elif fault is Fault.LEAN:
        lean += rng.uniform(6, 22)
    # The trunk gives way most where the bar passes the face.
    effort = np.sin(np.pi * lift) ** 2 * 0.5 + lift * 0.5
    time = np.linspace(0, 2 * np.pi, len(lift))
    tilt = body.tilt - lean * effort + sway[0] * np.sin(time) + sway[1] * np.cos(2 * time)
    return _Motion(
        tilt=tilt,
        upper_arm=bottom + (top - bottom) * lift,
        # The elbow opens late: the bar first travels up with the forearm upright.
        elbow=bend_bottom + (bend_top - bend_bottom) * lift ** rng.uniform(1.1, 1.5),
    )


def _lift(rng: np.random.Generator) -> Array:
    """Height of the bar from 0 to 1, frame by frame: a pause, up, a pause, down, a pause."""
    rise = np.linspace(0, np.pi, rng.integers(20, 37))
    fall = np.linspace(0, np.pi, rng.integers(18, 35))
    pauses = rng.integers(3, 9, 3)
    return np.concatenate(
        [
            np.zeros(pauses[0]),
            0.5 - 0.5 * np.cos(rise),
            np.ones(pauses[1]),
            0.5 + 0.5 * np.cos(fall),
            np.zeros(pauses[2]),
        ]
    )


def _joint_places(body: _Body, motion: _Motion) -> dict[str, Array]:
    """Places of the joints ``(T, 2)`` in trunk lengths, the hips' middle at 0, facing right, y down."""
    still = np.zeros((len(motion.tilt), 2))
    trunk = _along(180 - motion.tilt)
    places = {"neck": trunk}
    for side, sign in (("right", 1.0), ("left", -1.0)):
        # A figure is never seen quite from the side: the near half stands a little behind the far one.
        offset = np.array([-sign * body.turn, sign * 0.015])
        shoulder = trunk * 0.97 + offset
        elbow = shoulder + body.upper_arm * _along(motion.upper_arm - motion.tilt)
        wrist = elbow + body.forearm * _along(motion.upper_arm - motion.tilt + motion.elbow)
        hip = still + 0.7 * offset
        knee = hip + body.thigh * _along(np.full(len(still), 4.0))
        ankle = knee + body.shank * _along(np.full(len(still), -5.0))
        chain = {
            "shoulder": shoulder,
            "elbow": elbow,
            "wrist": wrist,
            "hip": hip,
            "knee": knee,
            "ankle": ankle,
        }
        places |= {f"{side}_{joint}": place for joint, place in chain.items()}
        face = trunk + body.head * _along(170 - 0.5 * motion.tilt)
        places[f"{side}_eye"] = face + np.array([0.06 - 0.3 * sign * body.turn, -0.05])
        places[f"{side}_ear"] = face + np.array([-0.09 - 0.3 * sign * body.turn, -0.02])
        places["nose"] = face + np.array([0.1, 0.02])
    return places


def _along(degrees: Array) -> Array:
    """Unit vectors ``(T, 2)`` at an angle from straight down, turning to the front; y points down."""
    radians = np.radians(degrees)
    return np.stack([np.sin(radians), np.cos(radians)], axis=1)


def _tremor(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """Noise of a detector: white, and half of it correlated over three frames."""
    white, drift = rng.normal(0, scale, shape), rng.normal(0, scale, (shape[0] + 2, *shape[1:]))
    return 0.6 * white + 0.5 * (drift[:-2] + drift[1:-1] + drift[2:])


def _detected(points: Array, body: _Body, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Add confidences and drop joints: mostly of the far side, in runs, as a detector does."""
    confidence = np.clip(rng.normal(0.78, 0.07, points.shape[:2]), 0.3, 0.98)
    for column, joint in enumerate(_JOINTS):
        rate = body.near_missing
        if joint in ("left_elbow", "left_wrist"):
            rate = body.far_arm_missing
        elif joint in ("left_eye", "left_ear"):
            rate = 0.7
        elif joint == "neck":
            rate = 0.0
        hidden = rng.random(len(points)) < rate / 3
        hidden[1:] |= hidden[:-1]
        hidden[1:] |= hidden[:-1]
        confidence[hidden, column] = 0
    clip = np.concatenate([points, confidence[..., None]], axis=-1)
    clip[confidence == 0] = 0
    return clip.round(2).astype(np.float32)
