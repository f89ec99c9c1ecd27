"""Where an event takes place: the hall, its light, the board, and where the camera stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..figure import Parts
from ..kinematics import Array, unit, vec
from ..look import any_colour, grey
from ..scene import Light
from .program import Board

__all__ = ["HEIGHT", "Advert", "Pool", "sample_pool"]

#: Height of the boards over the water in metres.
HEIGHT: dict[Board, float] = {"springboard": 3.0, "platform": 10.0}


@dataclass(frozen=True)
class Advert:
    """A rectangle on every wall: centre and half sizes in metres along and up the wall, and its colour."""

    centre: tuple[float, float]
    half: tuple[float, float]
    colour: Array


@dataclass(frozen=True)
class Pool:
    """The scene of an event. The board's tip is over the origin; z leads away from it, y is up.

    Attributes:
        board: What is dived from.
        eye: Where the camera stands, shape ``(3,)``, metres.
        view: Height in metres that the picture shows at the diver.
        light: The light.
        limits: The hall as low and high corner, shape ``(2, 3)``; the water is its floor.
        water: Colour of the water.
        walls: Colours of the walls along x, of those along z and of the ceiling, shape ``(3, 3)``.
        seats: Lowest and highest place of the spectators on the walls, metres.
        crowd: Colours of the spectators on a lattice, shape ``(32, 32, 3)``.
        lines: Distance of the lines on the pool's floor, metres.
        ripples: Two wave numbers and two phases.
        adverts: Posters.
        parts: The board and what carries it, for a single frame.
    """

    board: Board
    eye: Array
    view: float
    light: Light
    limits: Array
    water: Array
    walls: Array
    seats: tuple[float, float]
    crowd: Array
    lines: float
    ripples: Array
    adverts: tuple[Advert, ...]
    parts: Parts

    @property
    def height(self) -> float:
        """Height of the board over the water, metres."""
        return HEIGHT[self.board]


def sample_pool(rng: np.random.Generator, board: Board) -> Pool:
    """Draw the scene of an event.

    Args:
        rng: Source of randomness, the event's.
        board: What is dived from.
    """
    side = 1.0 if rng.random() < 0.5 else -1.0
    far = rng.uniform(9, 13)
    eye = np.array([side * far, rng.uniform(1.8, 5.0), rng.uniform(0.0, 4.0)])
    limits = np.array([[-14.0, 0.0, -9.0], [14.0, 17.0, 26.0]]) + rng.normal(0, 0.8, (2, 3))
    limits[0, 1] = 0.0
    low = rng.uniform(2.2, 3.5)
    adverts = tuple(
        Advert(
            (float(rng.uniform(-8, 20)), float(rng.uniform(0.7, 1.8))),
            (float(rng.uniform(0.6, 2.0)), float(rng.uniform(0.25, 0.5))),
            any_colour(rng, 0.05, 1.1),
        )
        for _ in range(int(rng.integers(3, 9)))
    )
    tone = rng.uniform(0.25, 0.7, (3, 1)) * (1 + rng.normal(0, 0.12, (3, 3)))
    return Pool(
        board=board,
        eye=eye,
        view=float(rng.uniform(2.7, 3.1)),
        light=_light(rng, side),
        limits=limits,
        water=np.array([0.05, 0.33, 0.48]) * rng.uniform(0.7, 1.4) + rng.normal(0, 0.03, 3),
        walls=np.clip(tone, 0.08, 0.9),
        seats=(float(low), float(low + rng.uniform(1.5, 5))),
        crowd=_crowd(rng),
        lines=float(rng.uniform(2.0, 3.2)),
        ripples=np.array([*rng.uniform(1.5, 4.0, 2), *rng.uniform(0, 6, 2)]),
        adverts=adverts,
        parts=_board_parts(rng, board),
    )


def _crowd(rng: np.random.Generator) -> Array:
    seats, people = rng.uniform(0.08, 0.35, 3), rng.uniform(0.1, 0.5, (32, 32, 1))
    people = people * (1 + rng.normal(0, 0.18, (32, 32, 3)))
    taken = rng.random((32, 32, 1)) < rng.uniform(0.2, 0.8)
    return np.clip(np.where(taken, people, seats), 0.03, 0.8)


def _light(rng: np.random.Generator, side: float) -> Light:
    direction = unit(np.array([side * rng.uniform(0.1, 0.8), rng.uniform(0.6, 1.2), rng.normal(0, 0.5)]))
    warm = rng.normal(0, 0.06)
    tint = np.array([1 + warm, 1.0, 1 - warm]) * math.exp(float(np.clip(rng.normal(0, 0.15), -0.3, 0.3)))
    return Light(
        direction, tint * rng.uniform(0.55, 0.8), tint * rng.uniform(0.4, 0.8), float(rng.uniform(0.7, 0.9))
    )


def _board_parts(rng: np.random.Generator, board: Board) -> Parts:
    """Rods side by side that make the board, and its columns, as parts of one frame."""
    top, thick = HEIGHT[board], 0.12 if board == "platform" else 0.04
    half = 1.0 if board == "platform" else 0.22
    plank, column = any_colour(rng, 0.25, 0.8), grey(rng, 0.25, 0.6)
    starts: list[Array] = []
    ends: list[Array] = []
    radii: list[float] = []
    colours: list[Array] = []

    def rod(start: Array, end: Array, radius: float, colour: Array) -> None:
        starts.append(start)
        ends.append(end)
        radii.append(radius)
        colours.append(colour)

    for x in np.arange(-half, half + 1e-6, 1.5 * thick):
        rod(vec(x, top - thick, -5.0), vec(x, top - thick, -thick), thick, plank)
    for x in (-0.7 * half, 0.7 * half):
        rod(vec(x, 0.0, -2.4), vec(x, top - thick, -2.4), 0.3 if board == "platform" else 0.12, column)
        rail = x / 0.7
        rod(vec(rail, top + 0.9, -5.0), vec(rail, top + 0.9, -1.6), 0.03, column)
        rod(vec(rail, top, -1.6), vec(rail, top + 0.9, -1.6), 0.03, column)
    count = len(radii)
    return Parts(
        start=np.stack(starts)[None],
        end=np.stack(ends)[None],
        radius=np.repeat(np.array(radii)[:, None], 2, 1),
        colour=np.repeat(np.stack(colours)[:, None], 2, 1),
        hem=np.full(count, 9.0),
        texture=np.zeros(count),
        gloss=np.full(count, 0.1),
        stripe=plank,
        stripes=1.0,
    )
