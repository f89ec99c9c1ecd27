"""A camera at the poolside that follows the diver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kinematics import Array, smooth_noise, unit, vec
from .pool import Pool

__all__ = ["Panning", "follow", "project"]

_LOWEST = 0.75
_STEADY = 0.09


@dataclass(frozen=True)
class Panning:
    """A pinhole camera that turns.

    Attributes:
        position: Optical centre in metres, shape ``(3,)``.
        axes: Rows right, up and forward of every frame, shape ``(T, 3, 3)``.
        focal: Focal length in image sides.
    """

    position: Array
    axes: Array
    focal: float


def follow(rng: np.random.Generator, pool: Pool, centre: Array, fps: float) -> Panning:
    """Point the camera at a diver, as steadily as an operator does, and at the water in the end.

    Args:
        rng: Source of the operator's unsteadiness.
        pool: Where the camera stands.
        centre: The diver's centre of mass, shape ``(T, 3)``.
        fps: Frames a second.
    """
    frames = len(centre)
    seen = np.stack([centre[:, 0], np.maximum(centre[:, 1], _LOWEST), centre[:, 2]], -1)
    shift = np.arange(frames)
    weight = np.exp(-0.5 * ((shift[:, None] - shift) / (_STEADY * fps)) ** 2)
    aim = (weight / weight.sum(1, keepdims=True)) @ seen
    aim[:, 1] += smooth_noise(rng, frames, 0.08, 4)
    aim[:, 2] += smooth_noise(rng, frames, 0.08, 4)
    aim[:, 1] = np.maximum(aim[:, 1], _LOWEST)
    forward = unit(aim - pool.eye)
    right = unit(np.cross(forward, vec(0.0, 1.0, 0.0)))
    far = float(np.linalg.norm(pool.eye - seen[frames // 2]))
    zoom = pool.view * float(rng.uniform(0.94, 1.08))
    return Panning(pool.eye, np.stack([right, np.cross(right, forward), forward], 1), far / zoom)


def project(camera: Panning, points: Array, size: int) -> tuple[Array, Array]:
    """Image positions ``(T, V, 2)`` in pixels, x right and y down, and depths ``(T, V)`` in metres.

    Args:
        camera: The camera.
        points: World points of every frame, shape ``(T, V, 3)``.
        size: Image side in pixels.
    """
    seen = np.einsum("tvi,tji->tvj", points - camera.position, camera.axes)
    scale = camera.focal * size / np.maximum(seen[..., 2], 0.05)
    pixels = np.stack([size / 2 + scale * seen[..., 0], size / 2 - scale * seen[..., 1]], -1)
    return pixels, seen[..., 2]
