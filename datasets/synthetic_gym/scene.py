"""Where the lifter is filmed: room, light, furniture and other people."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .camera import Camera, sample_camera
from .figure import Parts, barbell_parts, body_parts, moved
from .kinematics import Array, unit
from .look import Look, any_colour, grey, sample_look
from .performance import perform_cleanly
from .presets import EXERCISES, Exercise, Preset
from .style import sample_style
from .subject import Subject, sample_subject

__all__ = ["Box", "Light", "Poster", "Room", "Scene", "sample_scene"]


@dataclass(frozen=True)
class Box:
    """A block of furniture: centre and half sizes in metres, yaw in radians, colour."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    yaw: float
    colour: Array


@dataclass(frozen=True)
class Light:
    """Sunlight-like ``direction`` (unit, toward the light) with ambient and diffuse colours."""

    direction: Array
    ambient: Array
    diffuse: Array
    gamma: float


@dataclass(frozen=True)
class Poster:
    """A rectangle on every wall: centre and half sizes in wall coordinates (metres), colour."""

    centre: Array
    half: Array
    colour: Array


@dataclass(frozen=True)
class Room:
    """Six planes and what is painted on them.

    Attributes:
        limits: Distance of the walls at +x, -x, +z and -z, metres.
        ceiling: Height, metres.
        yaw: Turn of the room, radians.
        colours: Base colours of floor, ceiling and walls, shape ``(6, 3)``.
        floor: 0 tiles, 1 planks, 2 rubber.
        tiles: Tiles per metre.
        grain: Random lattices of floor and walls, shape ``(2, 32, 32)``.
        band: Top of a painted band, metres; 0 for none.
        band_colour: Colour of the band.
        bricks: Whether walls are of brick.
        posters: Posters and windows.
    """

    limits: Array
    ceiling: float
    yaw: float
    colours: Array
    floor: int
    tiles: float
    grain: Array
    band: float
    band_colour: Array
    bricks: bool
    posters: tuple[Poster, ...]


@dataclass(frozen=True)
class Scene:
    """Everything in the picture but the lifter's movement.

    Attributes:
        camera: The camera.
        light: The light.
        look: The lifter's clothes.
        room: The room.
        boxes: Furniture and racks.
        others: Bodies of bystanders.
        bars: Barbells of bystanders.
    """

    camera: Camera
    light: Light
    look: Look
    room: Room
    boxes: tuple[Box, ...]
    others: tuple[Parts, ...]
    bars: tuple[Parts, ...]


def _light(rng: np.random.Generator) -> Light:
    direction = unit(np.array([rng.normal(0, 0.6), rng.uniform(0.5, 1.2), rng.normal(0, 0.6)]))
    warm = rng.normal(0, 0.08)
    tint = np.array([1 + warm, 1.0, 1 - warm]) * math.exp(np.clip(rng.normal(0.1, 0.2), -0.3, 0.5))
    return Light(
        direction, tint * rng.uniform(0.5, 0.85), tint * rng.uniform(0.3, 0.9), rng.uniform(0.7, 0.9)
    )


def _room(rng: np.random.Generator, camera: Camera, clutter: float) -> Room:
    limits, ceiling = rng.uniform(2.6, 6, 4), rng.uniform(2.7, 4.2)
    yaw = rng.uniform(0, 1.57) if rng.random() < 0.5 else 0.0
    limits = np.maximum(limits, np.hypot(camera.position[0], camera.position[2]) + 0.4)
    base = np.concatenate([rng.uniform(0.12, 0.4, 1), rng.uniform(0.35, 0.85, 5)])[:, None]
    colours = base * (1 + rng.normal(0, 0.08, (6, 3)))
    posters = []
    for _ in range(int(clutter * rng.integers(1, 6))):
        centre, half = np.array([rng.uniform(-4, 4), rng.uniform(0.9, 2.4)]), rng.uniform(0.2, 1.0, 2)
        posters.append(
            Poster(centre, half, any_colour(rng, 0.05, 1.2) if rng.random() < 0.6 else np.full(3, 1.4))
        )
    return Room(
        limits=limits,
        ceiling=float(ceiling),
        yaw=float(yaw),
        colours=colours,
        floor=int(rng.integers(3)),
        tiles=float(rng.uniform(0.8, 2)),
        grain=rng.random((2, 32, 32)),
        band=float(rng.uniform(1.1, 1.8)) if rng.random() < 0.5 else 0.0,
        band_colour=any_colour(rng, 0.1),
        bricks=bool(rng.random() < 0.4),
        posters=tuple(posters),
    )


def _rack(rng: np.random.Generator, steel: Array) -> list[Box]:
    ahead, wide = float(rng.choice([-0.75, 0.75, 0.6])), float(rng.uniform(0.56, 0.6))
    boxes = [Box((0.0, 2.28, ahead), (wide, 0.035, 0.035), 0.0, steel)]
    for sign in (-1, 1):
        boxes.append(Box((sign * wide, 1.15, ahead), (0.035, 1.15, 0.035), 0.0, steel))
        boxes.append(Box((sign * wide, 0.04, ahead - 0.2), (0.035, 0.04, 0.55), 0.0, steel))
    if rng.random() < 0.4:
        boxes += [
            Box((sign * wide, 1.15, ahead - math.copysign(1.1, ahead)), (0.035, 1.15, 0.035), 0.0, steel)
            for sign in (-1, 1)
        ]
    return boxes


def _furniture(rng: np.random.Generator, camera: Camera, clutter: float, steel: Array) -> list[Box]:
    boxes: list[Box] = []
    view = math.radians(camera.azimuth)
    for _ in range(int(clutter * rng.integers(4, 14))):
        angle, far, yaw = rng.uniform(0, 2 * math.pi), rng.uniform(1.7, 4.2), float(rng.uniform(0, 3))
        kind, x, z = int(rng.integers(4)), far * math.sin(angle), far * math.cos(angle)
        colour = any_colour(rng, 0.04, 0.7) if rng.random() < 0.5 else grey(rng, 0.04, 0.3)
        if abs(math.remainder(angle - view, 2 * math.pi)) < 0.45 and far < camera.distance + 1:
            continue
        if kind == 0:
            boxes.append(Box((x, 0.42, z), (0.14, 0.05, 0.6), yaw, colour))
            boxes.append(Box((x, 0.2, z), (0.05, 0.2, 0.4), yaw, steel))
        elif kind == 1:
            boxes.append(Box((x, 0.8, z), (0.35, 0.8, 0.25), yaw, colour))
        elif kind == 2:
            for sign in (-0.5, 0.5):
                at = (x + sign * math.cos(yaw), 1.0, z - sign * math.sin(yaw))
                boxes.append(Box(at, (0.04, 1.0, 0.04), yaw, steel))
            boxes.append(Box((x, 2.0, z), (0.5, 0.04, 0.04), yaw, steel))
            boxes.append(Box((x, 1.1, z), (0.9, 0.02, 0.02), yaw, np.full(3, 0.6)))
        else:
            boxes += [Box((x, 0.35 + 0.35 * i, z), (0.7, 0.06, 0.2), yaw, colour) for i in range(3)]
    if rng.random() < 0.35 * clutter:
        angle, far, yaw = view + rng.uniform(-0.3, 0.3), rng.uniform(1.1, 1.7), float(rng.uniform(0, 3))
        upright = rng.random() < 0.4
        half = (0.03, 1.0, 0.03) if upright else (0.15, float(rng.uniform(0.1, 0.22)), 0.4)
        at = (far * math.sin(angle), 1.0 if upright else 0.2, far * math.cos(angle))
        boxes.append(Box(at, half, yaw, grey(rng, 0.04, 0.4)))
    return boxes


def _bystanders(rng: np.random.Generator, camera: Camera, preset: Preset) -> tuple[list[Parts], list[Parts]]:
    bodies: list[Parts] = []
    bars: list[Parts] = []
    for _ in range(rng.poisson(preset.people)):
        exercise = EXERCISES[rng.integers(len(EXERCISES))]
        subject = sample_subject(rng)
        style, look = sample_style(rng, preset.frames, exercise), sample_look(rng)
        angle, far, yaw = rng.uniform(0, 2 * math.pi), rng.uniform(2.0, 3.6), rng.uniform(0, 2 * math.pi)
        strolls, stands, lifts = rng.random() < 0.3, rng.random() < 0.5, rng.random() < 0.4
        stroll = np.array([rng.normal(0, 0.5), 0.0, rng.normal(0, 0.5)]) * strolls
        if abs(math.remainder(angle - math.radians(camera.azimuth), 2 * math.pi)) < 0.6:
            continue
        motion = perform_cleanly(exercise, subject, style)
        place = np.array([far * math.sin(angle), 0.0, far * math.cos(angle)])
        path = place + np.linspace(0, 1, preset.frames)[:, None] * stroll
        bodies.append(moved(body_parts(subject, motion, look), yaw, path, frozen=stands))
        if lifts:
            bars.append(moved(barbell_parts(subject, motion, look), yaw, path, frozen=stands))
    return bodies, bars


def sample_scene(
    rng: np.random.Generator, exercise: Exercise, preset: Preset, subject: Subject, *, bare: bool = False
) -> Scene:
    """Draw a scene.

    Args:
        rng: Source of randomness, apart from those of the movement.
        exercise: Decides the framing and whether there may be a rack.
        preset: Amounts of everything.
        subject: The lifter, for the framing.
        bare: Leave out furniture, rack and bystanders.
    """
    look, camera, light = sample_look(rng), sample_camera(rng, exercise, preset, subject.height), _light(rng)
    room = _room(rng, camera, preset.clutter)
    steel = any_colour(rng, 0.05, 0.5) if rng.random() < 0.4 else grey(rng, 0.05, 0.25)
    boxes = _rack(rng, steel) if exercise != "barbell-row" and rng.random() < 0.6 * preset.clutter else []
    boxes += _furniture(rng, camera, preset.clutter, steel)
    bodies, bars = _bystanders(rng, camera, preset)
    if bare:
        boxes, bodies, bars = [], [], []
    return Scene(camera, light, look, room, tuple(boxes), tuple(bodies), tuple(bars))
