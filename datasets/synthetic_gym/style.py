"""How one repetition is done when nothing is wrong: tempo, sway and harmless asymmetries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .kinematics import Array, bump, smooth_noise
from .presets import Exercise

__all__ = ["Style", "sample_style", "sample_tempo"]


@dataclass(frozen=True)
class Style:
    """Course of one repetition. Arrays have one value per frame.

    Attributes:
        cycle: Position in the repetition from 0 to 1, never falling; 0.5 is the turning point.
        lifting: Cycle coordinate in which values over 0.5 are the lifting half of any exercise.
        stroke: Share of the bar's travel, 0 at both ends of the repetition and 1 at the turn.
        noise: Slow noise by name: ``sway`` and ``shift`` in m, ``roll`` and ``lean`` in degrees.
        habit: Harmless bumps by name, in degrees (``shift`` in m): ``knees_out``, ``hips_rise``,
            ``knees_uneven``, ``layback``, ``gaze``, ``flare``.
    """

    cycle: Array
    lifting: Array
    stroke: Array
    noise: Mapping[str, Array]
    habit: Mapping[str, Array]

    def calm(self) -> Style:
        """The same tempo without noise and habits: the set-up that the bar's path is planned on."""
        still = np.zeros_like(self.cycle)
        return Style(
            self.cycle,
            self.lifting,
            self.stroke,
            dict.fromkeys(self.noise, still),
            dict.fromkeys(self.habit, still),
        )


def sample_tempo(rng: np.random.Generator, frames: int, exercise: Exercise) -> Array:
    """Draw the cycle coordinate of each frame.

    The speed is positive, differs between the halves, dips at a sticking point of the lifting half
    and at the turn, and is zero during short rests at both ends.

    Returns:
        Shape ``(frames,)``, from 0 to 1.
    """
    steps = 8 * frames
    time = np.linspace(0, 1, steps)
    first = rng.uniform(0.38, 0.6)
    speed = np.where(time < first, 0.5 / first, 0.5 / (1 - first))
    start, span = (first, 1 - first) if exercise == "backsquat" else (0.0, first)
    stick = bump(time, start + span * rng.uniform(0.3, 0.55), 0.06)
    speed = speed * (1 - rng.uniform(0, 0.75) * stick) * np.exp(smooth_noise(rng, steps, 0.16))
    speed *= 1 - rng.uniform(0, 0.8) * bump(time, first, 0.03)
    lead, tail = rng.uniform(0, 0.07, 2)
    speed *= (time > lead) & (time < 1 - tail)
    cycle = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    return np.asarray(np.interp(np.linspace(0, 1, frames), time, cycle / cycle[-1]), np.float64)


def _habit(
    rng: np.random.Generator, at: Array, spread: float, low: float = 0.53, high: float = 0.85
) -> Array:
    """A bump of random size; seven in ten in the lifting half, where effort is greatest."""
    centre = rng.uniform(low, high)
    centre = centre if rng.random() < 0.7 else 1 - centre
    return rng.normal(0, spread) * bump(at, centre, rng.uniform(0.06, 0.14))


def sample_style(rng: np.random.Generator, frames: int, exercise: Exercise) -> Style:
    """Draw a clean repetition."""
    cycle = sample_tempo(rng, frames, exercise)
    lifting = cycle if exercise == "backsquat" else 1 - cycle
    return Style(
        cycle=cycle,
        lifting=lifting,
        stroke=0.5 - 0.5 * np.cos(2 * np.pi * cycle),
        noise={
            "sway": smooth_noise(rng, frames, 0.006),
            "shift": smooth_noise(rng, frames, 0.004),
            "roll": smooth_noise(rng, frames, 0.4),
            "lean": smooth_noise(rng, frames, 0.8),
        },
        habit={
            "knees_out": np.abs(_habit(rng, lifting, 9.0)),
            "knees_uneven": np.clip(_habit(rng, lifting, 4.0), -5.0, 5.0),
            "hips_rise": np.abs(_habit(rng, lifting, 8.0, 0.55, 0.72)),
            "shift": _habit(rng, lifting, 0.02),
            "layback": np.abs(_habit(rng, lifting, 4.0)),
            "flare": _habit(rng, lifting, 5.0),
            "gaze": _habit(rng, lifting, 14.0),
        },
    )
