"""Analytic ray casting by splatting: candidates from outlines, exact hits, one z-buffer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["FAR", "ZBuffer", "box_hits", "cone_hits", "cylinder_hits", "empty_buffer", "pixel_grid", "splat"]

#: Depth of nothing.
FAR = 1e9
_NEAR = 0.1

HitTest = Callable[[Sequence[Tensor], Tensor], Tensor]


@dataclass
class ZBuffer:
    """Nearest hits of ``F`` frames of ``size * size`` pixels.

    Attributes:
        depth: Depth along the optical axis in metres, shape ``(F * size * size,)``; FAR for nothing.
        owner: Index ``frame * parts + part`` of the nearest part plus an offset, -1 for nothing.
        size: Side in pixels.
    """

    depth: Tensor
    owner: Tensor
    size: int


def empty_buffer(frames: int, size: int, device: torch.device) -> ZBuffer:
    """A buffer that has seen nothing."""
    pixels = frames * size * size
    return ZBuffer(
        torch.full((pixels,), FAR, device=device),
        torch.full((pixels,), -1, dtype=torch.long, device=device),
        size,
    )


def pixel_grid(size: int, focal: float, device: torch.device) -> Tensor:
    """Directions through pixel centres in camera axes (right, up, forward = 1), shape ``(size**2, 3)``."""
    steps = (torch.arange(size, device=device) + 0.5 - size / 2) / focal
    rows, columns = torch.meshgrid(-steps, steps, indexing="ij")
    return torch.stack([columns, rows, torch.ones_like(rows)], -1).reshape(-1, 3)


def cone_hits(start: Tensor, end: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, HitTest]:
    """Intersection of rays from the origin with round cones (capsules of two radii).

    Args:
        start: Centres of the first spheres in camera axes, shape ``(K, 3)``.
        end: Centres of the second spheres.
        first: Radii at ``start``, shape ``(K,)``.
        second: Radii at ``end``.

    Returns:
        Constants of shape ``(12, K)``, start and axis first, and the test. The test takes the constants
        of each candidate (the first six already folded with the row's slope, and 1 plus its square
        last) and the slope of its ray to the right, and gives depths or, over FAR / 10, misses.
    """
    axis, taper = end - start, first - second
    m0, m1 = (axis * axis).sum(-1), -(axis * start).sum(-1)
    m5, m7 = (start * start).sum(-1), (end * end).sum(-1)
    d2 = m0 - taper**2
    k0 = d2 * m5 - m1 * m1 + 2 * m1 * taper * first - m0 * first**2
    constants = torch.stack(
        [*start.T, *axis.T, d2, taper * first - m1, k0, m1 - first * taper, m5 - first**2, m7 - second**2]
    )
    return constants, _cone_test


def _cone_test(constants: Sequence[Tensor], right: Tensor) -> Tensor:
    ax, ayz, bx, byz, d2, c1, k0, y0, e1, e2, row_norm = constants
    norm = row_norm + right * right
    m2 = right * bx + byz
    m3 = -(right * ax + ayz)
    k2 = d2 * norm - m2 * m2
    k1 = d2 * m3 + c1 * m2
    inside = k1 * k1 - k0 * k2
    depth = (-k1 - inside.clamp_min(0).sqrt()) / k2.clamp_min(1e-9)
    along = y0 + depth * m2
    side = torch.where((inside >= 0) & (along > 0) & (along < d2), depth, FAR)
    h1 = m3 * m3 - norm * e1
    near = torch.where(h1 >= 0, -m3 - h1.clamp_min(0).sqrt(), FAR)
    m6 = m3 - m2
    h2 = m6 * m6 - norm * e2
    far = torch.where(h2 >= 0, -m6 - h2.clamp_min(0).sqrt(), FAR)
    return torch.minimum(side, torch.minimum(near, far) / norm)


def cylinder_hits(start: Tensor, end: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, HitTest]:
    """Intersection of rays from the origin with capped cylinders; arguments as for :func:`cone_hits`."""
    axis = end - start
    bb, bo = (axis * axis).sum(-1), -(axis * start).sum(-1)
    k0 = bb * (start * start).sum(-1) - bo * bo - first**2 * bb
    return torch.stack([*start.T, *axis.T, bb, bo, k0]), _cylinder_test


def _cylinder_test(constants: Sequence[Tensor], right: Tensor) -> Tensor:
    ax, ayz, bx, byz, bb, bo, k0, row_norm = constants
    bd = right * bx + byz
    k2 = bb * (row_norm + right * right) - bd * bd
    k1 = -bb * (right * ax + ayz) - bo * bd
    inside = k1 * k1 - k2 * k0
    root = inside.clamp_min(0).sqrt()
    depth = (-k1 - root) / k2.clamp_min(1e-9)
    along = bo + depth * bd
    wall = (inside >= 0) & (along > 0) & (along < bb)
    cap = (torch.where(along < 0, 0.0, bb) - bo) / torch.where(bd.abs() < 1e-9, 1e-9, bd)
    on_cap = (inside >= 0) & ~wall & ((k1 + k2 * cap).abs() < root)
    return torch.where(wall, depth, torch.where(on_cap, cap, FAR))


def _spread(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For runs of given lengths: the run and the place in the run of every element."""
    run = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    place = torch.arange(len(run), device=counts.device)
    place = place - (torch.cumsum(counts, 0) - counts).index_select(0, run)
    return run, place


def splat(
    buffer: ZBuffer,
    focal: float,
    start: Tensor,
    end: Tensor,
    radius: Tensor,
    shape: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, HitTest]],
    offset: int,
) -> None:
    """Draw parts into a buffer.

    Every part gives a pixel run for each row of its outline; every pixel of a run is tested exactly.

    Args:
        buffer: Changed in place.
        focal: Focal length in pixels.
        start: First ends in camera axes, shape ``(F, P, 3)``.
        end: Second ends.
        radius: Radii at both ends, shape ``(P, 2)``.
        shape: :func:`cone_hits` or :func:`cylinder_hits`.
        offset: Added to ``frame * P + part`` to give the owner's index.
    """
    size, (frames, parts) = buffer.size, start.shape[:2]
    both = torch.stack([start, end]).reshape(2, -1, 3)
    wide = radius.max(1).values.repeat(frames)
    depth = both[..., 2].clamp_min(0.15)
    x, y = size / 2 + focal * both[..., 0] / depth, size / 2 - focal * both[..., 1] / depth
    # Perspective widens an outline by at most the radius at its nearest point.
    reach = wide * focal / (depth.min(0).values - wide).clamp_min(0.1) * 1.03 + 1
    top = (y.min(0).values - reach).floor().clamp(0, size).long()
    bottom = (y.max(0).values + reach).ceil().clamp(0, size).long()
    rows = (bottom - top).clamp_min(0) * (both[..., 2].max(0).values > 0.2)
    part, line = _spread(rows)
    line = line + top[part]
    # Of the axis only what lies within the outline's reach of the row matters for it.
    x0, y0, dx, dy, r = (v.index_select(0, part) for v in (x[0], y[0], x[1] - x[0], y[1] - y[0], reach))
    slope = torch.where(dy.abs() < 1e-3, 1e-3, dy)
    low, high = (line + 0.5 - y0 - r) / slope, (line + 0.5 - y0 + r) / slope
    first, last = torch.minimum(low, high).clamp(0, 1), torch.maximum(low, high).clamp(0, 1)
    left = (x0 + torch.minimum(first * dx, last * dx) - r).floor().clamp(0, size).long()
    right = (x0 + torch.maximum(first * dx, last * dx) + r).ceil().clamp(0, size).long()
    r0, r1 = radius[:, 0].repeat(frames), radius[:, 1].repeat(frames)
    constants, test = shape(both[0], both[1], r0, r1)
    up = (line + (0.5 - size / 2)) / -focal
    c = [row.index_select(0, part) for row in constants]
    by_run = [c[0], c[1] * up + c[2], c[3], c[4] * up + c[5], *c[6:], 1 + up * up]
    run, step = _spread((right - left).clamp_min(0))
    column = left.index_select(0, run) + step
    # Row by row: index_select is several times faster than indexing a matrix.
    hit = test([row.index_select(0, run) for row in by_run], (column + (0.5 - size / 2)) / focal)
    found = torch.nonzero((hit > _NEAR) & (hit < FAR / 10)).flatten()
    hit, run = hit.index_select(0, found), run.index_select(0, found)
    owner = part.index_select(0, run)
    frame_start = torch.div(owner, parts, rounding_mode="floor") * (size * size)
    pixel = frame_start + line.index_select(0, run) * size + column.index_select(0, found)
    buffer.depth.scatter_reduce_(0, pixel, hit, "amin")
    nearest = torch.nonzero(hit <= buffer.depth.index_select(0, pixel)).flatten()
    buffer.owner[pixel.index_select(0, nearest)] = owner.index_select(0, nearest) + offset


def box_hits(eye: Tensor, rays: Tensor, centre: Tensor, half: Tensor, yaw: float) -> tuple[Tensor, Tensor]:
    """Intersection of rays with a yawed block.

    Args:
        eye: Origin, shape ``(3,)``, world axes.
        rays: Directions, shape ``(N, 3)``; depths are in their lengths.
        centre: Centre of the block, shape ``(3,)``.
        half: Half sizes, shape ``(3,)``.
        yaw: Turn about the vertical in radians.

    Returns:
        Depths or FAR of shape ``(N,)``, and outward normals of shape ``(N, 3)``.
    """
    angle = torch.tensor(yaw)
    cos, sin = float(angle.cos()), float(angle.sin())
    turn = torch.tensor([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], device=rays.device)
    origin, way = turn @ (eye - centre), rays @ turn.T
    inverse = 1 / torch.where(way.abs() < 1e-7, 1e-7, way)
    middle, span = -origin * inverse, half * inverse.abs()
    enter, face = (middle - span).max(-1)
    leave = (middle + span).min(-1).values
    depth = torch.where((enter < leave) & (enter > _NEAR), enter, FAR)
    normal = torch.zeros_like(way).scatter_(1, face[:, None], -way.gather(1, face[:, None]).sign())
    return depth, normal @ turn
