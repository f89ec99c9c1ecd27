"""Deferred shading: colours and light for the parts that were hit, and shadows on the floor."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .figure import Parts
from .scene import Light

__all__ = ["Lamp", "Solids", "floor_shadow", "lamp_on", "shade", "solids_on"]


def _normal(v: Tensor) -> Tensor:
    return torch.nn.functional.normalize(v, dim=-1, eps=1e-9)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]


@dataclass(frozen=True)
class Lamp:
    """A light as float32 tensors of shape ``(3,)``."""

    direction: Tensor
    ambient: Tensor
    diffuse: Tensor


@dataclass(frozen=True)
class Solids:
    """Parts of several owners as float32 tensors on a device; ``T`` frames, ``P`` parts.

    Attributes:
        start: World positions, shape ``(T, P, 3)``.
        end: World positions, shape ``(T, P, 3)``.
        radius: Shape ``(P, 2)``.
        colour: Shape ``(P, 2, 3)``.
        hem: Shape ``(P,)``.
        texture: Shape ``(P,)``.
        gloss: Shape ``(P,)``.
        stripe: Shape ``(P, 3)``.
        stripes: Shape ``(P,)``.
        round: Whether the parts are round cones rather than cylinders.
    """

    start: Tensor
    end: Tensor
    radius: Tensor
    colour: Tensor
    hem: Tensor
    texture: Tensor
    gloss: Tensor
    stripe: Tensor
    stripes: Tensor
    round: bool


def lamp_on(device: torch.device, light: Light) -> Lamp:
    """Move a light to a device."""
    return Lamp(
        *(
            torch.tensor(v, dtype=torch.float32, device=device)
            for v in (light.direction, light.ambient, light.diffuse)
        )
    )


def solids_on(device: torch.device, groups: list[Parts], *, round_cones: bool) -> Solids:
    """Join parts and move them to a device."""

    def join(name: str, axis: int = 0) -> Tensor:
        return torch.cat([torch.as_tensor(getattr(group, name)).float() for group in groups], axis).to(device)

    counts = torch.tensor([len(group.hem) for group in groups])
    stripe = torch.stack([torch.as_tensor(group.stripe).float() for group in groups])
    stripes = torch.tensor([group.stripes for group in groups])
    return Solids(
        start=join("start", 1),
        end=join("end", 1),
        radius=join("radius"),
        colour=join("colour"),
        hem=join("hem"),
        texture=join("texture"),
        gloss=join("gloss"),
        stripe=stripe.repeat_interleave(counts, 0).to(device),
        stripes=stripes.repeat_interleave(counts, 0).float().to(device),
        round=round_cones,
    )


def shade(solids: Solids, frame: Tensor, part: Tensor, points: Tensor, rays: Tensor, lamp: Lamp) -> Tensor:
    """Colours of hit points.

    Args:
        solids: What was hit.
        frame: Frame of each hit, shape ``(M,)``.
        part: Part of each hit, shape ``(M,)``.
        points: World positions of the hits, shape ``(M, 3)``.
        rays: Unit directions of the rays, shape ``(M, 3)``.
        lamp: The light.

    Returns:
        Linear RGB, shape ``(M, 3)``.
    """
    placed = frame * len(solids.hem) + part
    start = solids.start.reshape(-1, 3).index_select(0, placed)
    axis = solids.end.reshape(-1, 3).index_select(0, placed) - start
    square = _dot(axis, axis).clamp_min(1e-9)
    along = _dot(points - start, axis) / square
    radial = points - start - axis * along.clamp(0, 1)[:, None]
    colour = solids.colour.index_select(0, part)
    if solids.round:
        normal = _normal(radial)
        covered = along < solids.hem.index_select(0, part)
        albedo = torch.where(covered[:, None], colour[:, 0], colour[:, 1])
        albedo = _cloth(solids, part, albedo, covered, along * square.sqrt(), axis, normal)
    else:
        cap = (along < 1e-3) | (along > 1 - 1e-3)
        normal = torch.where(cap[:, None], _normal(axis) * torch.sign(along - 0.5)[:, None], _normal(radial))
        out = radial.norm(dim=-1) / solids.radius[part, 0]
        ring = 1 + 0.35 * ((out > 0.55) & (out < 0.85) & cap) - 0.3 * (out < 0.2) * cap
        albedo = colour[:, 0] * ring[:, None]
    diffuse = _dot(normal, lamp.direction).clamp_min(0)
    highlight = _dot(normal, _normal(lamp.direction - rays)).clamp_min(0) ** 24
    rim = (1 + _dot(normal, rays)).clamp(0, 1) ** 3
    sky = 0.72 + 0.28 * normal[:, 1]
    low = 0.55 + 0.45 * (points[:, 1] / 0.5).clamp(0, 1)
    lit = lamp.ambient * (sky * low)[:, None] + lamp.diffuse * diffuse[:, None]
    shine = (highlight * (0.04 + 0.5 * solids.gloss.index_select(0, part)))[:, None] * lamp.diffuse
    return albedo * lit + shine - 0.06 * rim[:, None]


def _cloth(
    solids: Solids,
    part: Tensor,
    albedo: Tensor,
    covered: Tensor,
    length: Tensor,
    axis: Tensor,
    normal: Tensor,
) -> Tensor:
    along = _normal(axis)
    tilted = torch.tensor([0.31, 0.2, 0.93], device=axis.device).expand_as(along)
    across = _normal(torch.linalg.cross(along, tilted))
    angle = torch.atan2(_dot(torch.linalg.cross(along, across), normal), _dot(across, normal))
    texture = solids.texture.index_select(0, part)
    rings = (torch.sin(length * solids.stripes.index_select(0, part)) > 0.2) & (texture == 1)
    lines = (torch.sin(angle * 5) > 0.6) & (texture == 2)
    striped = (rings | lines) & covered
    albedo = torch.where(striped[:, None], solids.stripe.index_select(0, part), albedo)
    fold = 0.06 * torch.sin(length * 70 + 4 * torch.sin(angle * 2 + part)) * (texture > 0)
    return albedo * (1 + fold)[:, None]


def floor_shadow(points: Tensor, solids: Solids, parts: Tensor, lamp: Lamp) -> Tensor:
    """Soft shadow of capsules on the floor.

    Args:
        points: Places on the floor, shape ``(M, 3)``.
        solids: Casting parts.
        parts: Indices of the parts that count, shape ``(Q,)``.
        lamp: The light.

    Returns:
        Share of light taken away, shape ``(T, M)``.
    """

    def drop(at: Tensor) -> Tensor:
        return (at - lamp.direction * (at[..., 1:2] / lamp.direction[1].clamp_min(0.25)))[..., [0, 2]]

    start, end = solids.start[:, parts], solids.end[:, parts]
    first, radius = drop(start), solids.radius[parts, 0]
    axis = drop(end) - first
    inverse = 1 / (axis * axis).sum(-1).clamp_min(1e-6)
    light = torch.ones(len(start), len(points), device=points.device)
    for q in range(len(parts)):
        ax, az = axis[:, q, 0:1], axis[:, q, 1:2]
        dx, dz = points[:, 0] - first[:, q, 0:1], points[:, 2] - first[:, q, 1:2]
        share = ((dx * ax + dz * az) * inverse[:, q, None]).clamp_(0, 1)
        gap = torch.hypot(dx - ax * share, dz - az * share)
        height = start[:, q, 1:2] + (end[:, q, 1:2] - start[:, q, 1:2]) * share
        edge = torch.sigmoid((radius[q] * 0.9 - gap) / (0.0175 + 0.098 * height))
        light *= 1 - 0.75 * edge / (1 + 1.3 * height)
    return 1 - light
