"""The hall behind the diver: water, walls with spectators, a ceiling, and foam where someone entered."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .pool import Pool

__all__ = ["Foam", "Hall", "draw_hall", "hall_on"]

_FOAM = (0.82, 0.9, 0.95)
_CROWD_PER_METRE = 2.2
_POSTERS_BELOW = 2.4


@dataclass(frozen=True)
class Foam:
    """White water around the entry.

    Attributes:
        at: Place on the water as x and z, metres.
        height: Height of the splash, metres.
        since: Seconds since the entry by frame, shape ``(T,)``.
    """

    at: tuple[float, float]
    height: float
    since: Tensor


@dataclass(frozen=True)
class Hall:
    """A pool on a device, as float32 tensors; see :class:`Pool`."""

    eye: Tensor
    limits: Tensor
    water: Tensor
    walls: Tensor
    crowd: Tensor
    ripples: tuple[float, float, float, float]
    lines: float
    seats: tuple[float, float]
    adverts: tuple[tuple[float, float, float, float, Tensor], ...]
    lit: Tensor


def hall_on(device: torch.device, pool: Pool) -> Hall:
    """Move a pool to a device."""

    def on(array: object) -> Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=device)

    a, b, c, d = pool.ripples.tolist()
    return Hall(
        eye=on(pool.eye),
        limits=on(pool.limits),
        water=on(pool.water),
        walls=on(pool.walls),
        crowd=on(pool.crowd),
        ripples=(a, b, c, d),
        lines=pool.lines,
        seats=pool.seats,
        adverts=tuple((*ad.centre, *ad.half, on(ad.colour)) for ad in pool.adverts),
        lit=on(pool.light.ambient + 0.35 * pool.light.diffuse),
    )


def draw_hall(hall: Hall, rays: Tensor, foam: Foam, first: int) -> tuple[Tensor, Tensor]:
    """Colours and depths of rays that meet nobody.

    Args:
        hall: Where.
        rays: Directions in world axes, 1 along the optical axis, shape ``(F, N, 3)``.
        foam: White water.
        first: Number of the first frame among the foam's times.

    Returns:
        Linear RGB ``(F, N, 3)`` and depths ``(F, N)``.
    """
    flat = rays.reshape(-1, 3)
    low, high = hall.limits - hall.eye
    # Seen from inside, the far one of the two walls across each axis is the one ahead.
    depth, axis = torch.maximum(low / flat, high / flat).min(-1)
    picture = torch.empty_like(flat)
    down = (axis == 1) & (flat[:, 1] < 0)
    frame = torch.arange(len(rays), device=rays.device).repeat_interleave(rays.shape[1]) + first
    for face, paint in ((down, _water), (~down, _wall)):
        at = torch.nonzero(face).flatten()
        points = hall.eye + flat.index_select(0, at) * depth.index_select(0, at)[:, None]
        picture[at] = paint(hall, points, axis.index_select(0, at), frame.index_select(0, at), foam)
    return (picture * hall.lit).reshape(rays.shape), depth.reshape(rays.shape[:2])


def _water(hall: Hall, points: Tensor, _: Tensor, frame: Tensor, foam: Foam) -> Tensor:
    x, z = points[:, 0], points[:, 2]
    k, m, p, q = hall.ripples
    moving = 0.35 * frame
    wave = torch.sin(k * x + 1.7 * torch.sin(m * z + moving) + p)
    wave = wave + 0.6 * torch.sin(m * 1.9 * z - k * 0.7 * x + q - moving)
    line = (torch.remainder(z + 0.12 * wave, hall.lines) < 0.18).float()
    colour = hall.water * (1 - 0.3 * line)[:, None] + 0.03 * wave[:, None]
    since = foam.since.index_select(0, frame)
    grown = (0.15 + foam.height * (0.35 + 1.3 * since)).clamp_min(0.05)
    far = torch.hypot(x - foam.at[0], z - foam.at[1]) / grown + 0.12 * wave
    share = torch.sigmoid((1 - far) * 9) * (since > 0) * torch.exp(-since.clamp_min(0) * 1.2)
    white = torch.tensor(_FOAM, device=points.device)
    return colour + (white - colour) * share[:, None]


def _wall(hall: Hall, points: Tensor, axis: Tensor, _: Tensor, __: Foam) -> Tensor:
    y = points[:, 1]
    along = torch.where(axis == 0, points[:, 2], points[:, 0])
    ceiling = axis == 1
    kind = torch.where(ceiling, 2, torch.where(axis == 0, 0, 1))
    colour = hall.walls.index_select(0, kind)
    panel = (torch.remainder(along, 2.5) < 0.1) | (torch.remainder(y, 3.0) < 0.08)
    colour[panel] *= 0.8
    low, high = hall.seats
    seated = torch.nonzero((y > low) & (y < high) & ~ceiling).flatten()
    row, seat = ((v[seated] * _CROWD_PER_METRE).floor().long() % len(hall.crowd) for v in (along, y))
    colour[seated] = hall.crowd.reshape(-1, 3).index_select(0, seat * len(hall.crowd) + row)
    posters = torch.nonzero(y < _POSTERS_BELOW).flatten()
    along, y = along.index_select(0, posters), y.index_select(0, posters)
    for centre, level, half, tall, paint in hall.adverts:
        inside = ((along - centre).abs() < half) & ((y - level).abs() < tall)
        colour[posters[inside]] = paint
    return colour
