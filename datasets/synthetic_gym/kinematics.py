"""Inverse kinematics on arrays of frames. x is the lifter's left, y up, z forward; metres."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Array",
    "bump",
    "cross",
    "dot",
    "off_plane",
    "sagittal_joint",
    "smooth_noise",
    "two_bone",
    "unit",
    "vec",
]

Array = NDArray[np.float64]


def vec(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Array:
    """Stack three broadcastable coordinates to vectors, shape ``(..., 3)``."""
    parts = [np.asarray(v, np.float64) for v in (x, y, z)]
    out = np.empty((*np.broadcast(*parts).shape, 3))
    for axis, part in enumerate(parts):
        out[..., axis] = part
    return out


def cross(a: Array, b: Array) -> Array:
    """Vector product over the last axis; much faster than :func:`numpy.cross` on short arrays."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return vec(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)


def dot(a: Array, b: Array) -> Array:
    """Scalar product over the last axis, which is kept with length 1."""
    return (a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2])[..., None]


def unit(v: Array) -> Array:
    """Vectors scaled to length 1."""
    return v / np.maximum(np.sqrt(dot(v, v)), 1e-12)


def two_bone(
    start: Array, end: Array, first: float, second: float, pole: Array, swivel: ArrayLike = 0.0
) -> Array:
    """Middle joint of a chain of two bones whose ends are given.

    Args:
        start: Root of the chain, shape ``(T, 3)``.
        end: Tip of the chain, shape ``(T, 3)``.
        first: Length of the bone at ``start``.
        second: Length of the bone at ``end``.
        pole: Direction toward which the joint bends, shape ``(T, 3)``.
        swivel: Right-handed turn of the joint about the line from start to end, in radians.

    Returns:
        Joint positions, shape ``(T, 3)``. Bone lengths are exact where the ends are within reach.

    Example:
        >>> knee = two_bone(vec(0, 1.0, 0), vec(0, 0.2, 0), 0.5, 0.5, vec(0, 0, 1))
        >>> knee.round(3).tolist()
        [0.0, 0.6, 0.3]
    """
    axis = unit(end - start)
    reach = np.sqrt(dot(end - start, end - start))
    along = (reach**2 + first**2 - second**2) / (2 * np.maximum(reach, 1e-9))
    radius = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    side = unit(pole - axis * dot(pole, axis))
    # The side is perpendicular to the axis, so the general rotation loses its last term.
    turn = np.asarray(swivel, np.float64)[..., None]
    swung: Array = side * np.cos(turn) + cross(axis, side) * np.sin(turn)
    return np.asarray(start + axis * along + radius * swung, np.float64)


def sagittal_joint(
    start: tuple[Array, Array], end: tuple[Array, Array], first: Array, second: Array
) -> tuple[Array, Array]:
    """Middle joint of a planar chain from ``start`` down to ``end`` that bends backward.

    Args:
        start: Upper end as ``(y, z)``, each of shape ``(T,)``.
        end: Lower end as ``(y, z)``.
        first: Length of the bone at ``start``, shape ``(T,)``.
        second: Length of the bone at ``end``, shape ``(T,)``.

    Returns:
        The joint as ``(y, z)``.
    """
    dy, dz = end[0] - start[0], end[1] - start[1]
    reach = np.hypot(dy, dz)
    along = (reach**2 + first**2 - second**2) / (2 * reach)
    radius = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    uy, uz = dy / reach, dz / reach
    return start[0] + along * uy - radius * uz, start[1] + along * uz + radius * uy


def off_plane(joint: Array, start: Array, end: Array, pole: Array) -> Array:
    """Signed distance of a joint from the plane through ``start``, ``end`` and a pole direction.

    Positive on the side of ``cross(end - start, pole)``: where :func:`two_bone` puts the joint at a
    positive swivel.

    Returns:
        Metres, shape ``(T,)``.
    """
    return dot(joint - start, unit(cross(end - start, pole))).squeeze(-1)


def bump(at: Array, centre: float, width: float) -> Array:
    """Gaussian bump of height 1."""
    shape: Array = np.exp(-0.5 * ((at - centre) / width) ** 2)
    return shape


def smooth_noise(rng: np.random.Generator, frames: int, spread: float, waves: int = 4) -> Array:
    """A random sum of slow sines.

    Args:
        rng: Source of randomness.
        frames: Length.
        spread: Standard deviation, about.
        waves: Number of sines; the fastest has ``waves / 2`` periods.
    """
    time = np.linspace(0, 1, frames)[:, None]
    weight, phase = rng.normal(0, spread, waves), rng.uniform(0, 2 * math.pi, waves)
    waveform = np.sin(math.pi * np.arange(1, waves + 1) * time + phase)
    noise: Array = (waveform * weight).sum(1) / math.sqrt(waves / 2)
    return noise
