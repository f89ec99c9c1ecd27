"""Flesh and iron: joints to round cones, the barbell to cylinders."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .kinematics import Array, unit, vec
from .look import Look
from .motion import SIDES, Motion
from .subject import Subject

__all__ = ["BAR_HALF", "PLATE_AT", "Parts", "barbell_parts", "body_parts", "frames_of", "moved"]

#: Half the length of the bar and distance of the first plate from its centre, metres.
BAR_HALF, PLATE_AT = 1.1, 0.675
_UNHEMMED = 9.0
_FOLDS = 3


@dataclass(frozen=True)
class Parts:
    """Solids of revolution between two moving points; ``T`` frames, ``P`` parts.

    Attributes:
        start: First end, shape ``(T, P, 3)``, metres.
        end: Second end.
        radius: Radii at both ends, shape ``(P, 2)``, metres.
        colour: Colours before and after the hem, shape ``(P, 2, 3)``, linear RGB.
        hem: Where along the axis the colour changes, from 0 at the start to 1, shape ``(P,)``.
        texture: 0 plain, 1 rings, 2 stripes along, 3 cloth folds, shape ``(P,)``.
        gloss: Strength of highlights, shape ``(P,)``.
        stripe: Second colour of patterned parts, shape ``(3,)``.
        stripes: Angular frequency of rings in 1/m.
    """

    start: Array
    end: Array
    radius: Array
    colour: Array
    hem: Array
    texture: Array
    gloss: Array
    stripe: Array
    stripes: float


class _Builder:
    """Collects parts one by one."""

    def __init__(self, frames: int) -> None:
        self._shape = (frames, 3)
        self._rows: list[tuple[Array, Array, float, float, Array, Array, float, int, float]] = []

    def add(
        self,
        start: Array,
        end: Array,
        first: float,
        second: float,
        colour: Array,
        beyond: Array | None = None,
        hem: float = _UNHEMMED,
        texture: int = 0,
        gloss: float = 0.0,
    ) -> None:
        start, end = np.broadcast_to(start, self._shape), np.broadcast_to(end, self._shape)
        after = colour if beyond is None else beyond
        self._rows.append((start, end, first, second, colour, after, hem, texture, gloss))

    def build(self, look: Look) -> Parts:
        columns = list(zip(*self._rows, strict=True))
        return Parts(
            start=np.stack(columns[0], 1),
            end=np.stack(columns[1], 1),
            radius=np.stack([columns[2], columns[3]], 1),
            colour=np.stack([np.stack(columns[4]), np.stack(columns[5])], 1),
            hem=np.array(columns[6]),
            texture=np.array(columns[7]),
            gloss=np.array(columns[8]),
            stripe=look.stripe,
            stripes=look.stripes,
        )


def body_parts(subject: Subject, motion: Motion, look: Look) -> Parts:
    """Dress a moving skeleton."""
    joint, scale = motion.joints, subject.height / 1.74
    fat, muscle = subject.fat, subject.muscle
    parts = _Builder(len(motion.bar))
    skin, bottom, top = look.skin, look.bottom, look.skin if look.bare else look.top
    pattern = 0 if look.bare else look.pattern
    shin, shin_folds = (bottom, _FOLDS) if look.leg > 1.5 else (skin, 0)

    def add(
        start: Array, end: Array, first: float, second: float, *rest: Array | None, **options: float
    ) -> None:
        parts.add(start, end, first * scale, second * scale, *rest, **options)  # type: ignore[arg-type]

    lumbar, thorax, neck = joint["lumbar"], joint["thorax"], joint["neck"]
    upper = unit(neck - thorax)
    for side, sign in SIDES:
        hip, knee, ankle, heel, toe, shoulder, elbow, wrist = (
            joint[f"{side}_{name}"]
            for name in ("hip", "knee", "ankle", "heel", "toe", "shoulder", "elbow", "wrist")
        )

        def out(share: float, sign: float = sign) -> Array:
            return vec(sign * share * scale, 0, 0)

        add(
            hip,
            knee,
            0.088 * fat * muscle**0.5,
            0.056 * muscle**0.5,
            bottom,
            skin,
            hem=look.leg,
            texture=_FOLDS,
        )
        add(knee, ankle, 0.052 * muscle**0.5, 0.037, shin, texture=shin_folds)
        calf = knee + (ankle - knee) * 0.35 - motion.knee_pole[side] * 0.012
        add(calf, calf + (ankle - knee) * 0.18, 0.056 * muscle, 0.047 * muscle, shin, texture=shin_folds)
        add(heel, toe, 0.042, 0.034, look.shoe)
        add(ankle, heel, 0.04, 0.042, look.shoe)
        add(
            hip + out(0.005),
            lumbar + out(0.06),
            0.105 * fat,
            0.09 * fat,
            bottom,
            top,
            hem=0.45,
            texture=_FOLDS,
        )
        add(lumbar + out(0.06), thorax + out(0.07), 0.088 * fat, 0.096 * fat**0.5, top, texture=pattern)
        add(
            thorax + out(0.07),
            neck + out(0.085) - upper * 0.10,
            0.096 * fat**0.5,
            0.1 * muscle,
            top,
            texture=pattern,
        )
        add(shoulder - out(0.04), shoulder, 0.07 * muscle, 0.064 * muscle, top, texture=pattern)
        sleeve = top if look.sleeve > 0 else skin
        hem = look.sleeve if look.sleeve < 1.5 else _UNHEMMED
        add(shoulder, elbow, 0.056 * muscle, 0.042 * muscle, sleeve, skin, hem=hem, texture=pattern)
        add(elbow, wrist, 0.043 * muscle, 0.029, top if look.sleeve > 1.5 else skin)
        add(wrist, wrist + vec(0, 0, 0.005), 0.042, 0.042, skin)
    head, nose = joint["head"], joint["nose"]
    ahead = unit(nose - head)
    add(neck - upper * 0.06, neck + (head - neck) * 0.5, 0.062 * muscle, 0.052, top, skin, hem=0.35)
    chin = head - vec(0, 0.035 * scale, 0) + ahead * 0.02 * scale
    add(chin, head + vec(0, 0.015 * scale, 0), 0.075, 0.092, skin)
    add(nose, nose + vec(0, 0.004, 0), 0.016, 0.014, skin)
    crown = head + vec(0, 0.03 * scale, 0) - ahead * 0.022 * scale
    add(crown, crown + vec(0, 0.005, 0), 0.095, 0.096, look.hair)
    if look.bun:
        add(
            head - ahead * 0.11 + vec(0, 0.02, 0),
            head - ahead * 0.12 - vec(0, 0.06, 0),
            0.05,
            0.03,
            look.hair,
        )
    if look.belt:
        waist, wide = lumbar + (thorax - lumbar) * 0.1, vec(0.07 * scale, 0, 0)
        add(waist - wide, waist + wide, 0.104 * fat, 0.104 * fat, np.array([0.12, 0.07, 0.04]))
    return parts.build(look)


def barbell_parts(subject: Subject, motion: Motion, look: Look) -> Parts:
    """The bar, its sleeves and its plates."""
    parts = _Builder(len(motion.bar))
    bar, axis = motion.bar, motion.bar_axis
    parts.add(bar - axis * BAR_HALF, bar + axis * BAR_HALF, 0.015, 0.015, np.full(3, 0.6), gloss=1.0)
    for sign in (1, -1):
        parts.add(
            bar + axis * sign * 0.66, bar + axis * sign * BAR_HALF, 0.026, 0.026, np.full(3, 0.65), gloss=1.0
        )
        for i in range(subject.plates):
            radius, at = subject.plate_radius * 0.86**i, PLATE_AT + i * 0.06
            inner, outer = bar + axis * sign * at, bar + axis * sign * (at + 0.05)
            parts.add(inner, outer, radius, radius, look.plate * (1.5 if i % 2 else 1.0), gloss=0.25)
    return parts.build(look)


def moved(parts: Parts, yaw: float, path: Array, *, frozen: bool = False) -> Parts:
    """Turn parts about the vertical and carry them along a path.

    Args:
        parts: What to move.
        yaw: Turn in radians.
        path: Offset per frame, shape ``(T, 3)``.
        frozen: Keep the pose of the first frame.
    """
    cos, sin = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])

    def carry(points: Array) -> Array:
        still = np.broadcast_to(points[:1], points.shape) if frozen else points
        return np.asarray(still @ turn.T + path[:, None], np.float64)

    return replace(parts, start=carry(parts.start), end=carry(parts.end))


def frames_of(parts: Parts, frames: NDArray[np.int_]) -> Parts:
    """Parts at some of their frames."""
    return replace(parts, start=parts.start[frames], end=parts.end[frames])
