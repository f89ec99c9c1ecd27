"""A pinhole camera on a tripod, and the unsteady hand that holds it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .kinematics import Array, smooth_noise, unit, vec
from .presets import Exercise, Preset

__all__ = ["Camera", "project", "sample_camera", "sample_shake"]


@dataclass(frozen=True)
class Camera:
    """A square pinhole camera that looks at a point.

    Attributes:
        position: Optical centre in metres, shape ``(3,)``.
        axes: Rows right, up and forward, shape ``(3, 3)``.
        focal: Focal length in image sides.
        azimuth: Angle from the lifter's front toward the lifter's left, degrees.
        inclination: Angle over the horizontal, degrees.
        distance: Distance from the point looked at, metres.
    """

    position: Array
    axes: Array
    focal: float
    azimuth: float
    inclination: float
    distance: float


def project(camera: Camera, points: Array, size: int) -> tuple[Array, Array]:
    """Image positions and depths of points.

    Args:
        camera: The camera.
        points: World points in metres, shape ``(..., 3)``.
        size: Image side in pixels.

    Returns:
        Pixel coordinates ``(..., 2)``, x right and y down from the top left corner, and depths along
        the optical axis in metres ``(...)``.
    """
    seen = (points - camera.position) @ camera.axes.T
    depth = np.maximum(seen[..., 2], 0.05)
    scale = camera.focal * size / depth
    pixels = np.stack([size / 2 + scale * seen[..., 0], size / 2 - scale * seen[..., 1]], -1)
    return pixels, seen[..., 2]


def sample_camera(rng: np.random.Generator, exercise: Exercise, preset: Preset, height: float) -> Camera:
    """Draw where the phone stands.

    Args:
        rng: Source of randomness.
        exercise: The press needs room overhead.
        preset: Range of azimuth and closeness.
        height: Body height in metres.
    """
    front, side = rng.random(), rng.random()
    if preset.azimuth is not None:
        azimuth = rng.uniform(*preset.azimuth) * (1 if side < 0.5 else -1)
    else:
        azimuth = rng.uniform(-85, 85) if front < 0.8 else 180 + rng.uniform(-70, 70)
    inclination, view = rng.uniform(-6, 22), math.radians(rng.uniform(38, 62))
    overhead = exercise == "overhead-press"
    span = (2.4 if overhead else 1.95) * rng.uniform(0.95, 1.2) / preset.zoom * height / 1.74
    distance = max(1.9, span / 2 / math.tan(view / 2))
    target = np.array(
        [
            rng.normal(0, 0.06),
            height * (1.28 if overhead else 1.02) / 2 + rng.normal(0, 0.04),
            rng.normal(-0.05, 0.06),
        ]
    )
    lowest = math.degrees(math.asin(max(-0.9, min(0.9, (0.25 - target[1]) / distance))))
    inclination = max(inclination, lowest)
    turn, tilt = math.radians(azimuth), math.radians(inclination)
    away = np.array([math.sin(turn) * math.cos(tilt), math.sin(tilt), math.cos(turn) * math.cos(tilt)])
    right = unit(np.cross(-away, vec(0, 1, 0)))
    return Camera(
        position=target + away * distance,
        axes=np.stack([right, np.cross(right, -away), -away]),
        focal=0.5 / math.tan(view / 2),
        azimuth=(azimuth + 180) % 360 - 180,
        inclination=inclination,
        distance=distance,
    )


def sample_shake(rng: np.random.Generator, frames: int) -> Array:
    """Shift of the picture in image sides, x right and y down, shape ``(frames, 2)``."""
    return np.stack([smooth_noise(rng, frames, 0.004, 6), smooth_noise(rng, frames, 0.004, 6)], -1)
