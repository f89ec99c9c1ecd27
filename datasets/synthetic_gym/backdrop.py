"""The still part of the picture: room and furniture, cast once per clip."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .camera import project
from .raycast import FAR, box_hits
from .scene import Box, Room, Scene
from .shading import Lamp

__all__ = ["Backdrop", "draw_backdrop"]

_FLOOR, _FIRST_WALL, _FURNITURE = 0, 2, 9


@dataclass(frozen=True)
class Backdrop:
    """Still picture of ``N`` pixels.

    Attributes:
        rgb: Linear colours, shape ``(N, 3)``.
        depth: Depths in ray lengths, shape ``(N,)``.
        points: World positions, shape ``(N, 3)``.
        floor: Whether the floor is seen, shape ``(N,)``.
    """

    rgb: Tensor
    depth: Tensor
    points: Tensor
    floor: Tensor


def _noise(lattice: Tensor, at: Tensor) -> Tensor:
    """Smooth value noise of places of shape ``(M, 2)`` from a square lattice."""
    cell = torch.floor(at)
    share = at - cell
    share = share * share * (3 - 2 * share)
    low, high = cell.long() % len(lattice), (cell.long() + 1) % len(lattice)
    near = lattice[low[:, 0], low[:, 1]] * (1 - share[:, 0]) + lattice[high[:, 0], low[:, 1]] * share[:, 0]
    far = lattice[low[:, 0], high[:, 1]] * (1 - share[:, 0]) + lattice[high[:, 0], high[:, 1]] * share[:, 0]
    return near * (1 - share[:, 1]) + far * share[:, 1]


def _paint_floor(room: Room, grain: Tensor, albedo: Tensor, at: Tensor) -> Tensor:
    if room.floor == 0:
        joint = ((at * room.tiles) % 1 < 0.03).any(-1)
        albedo = albedo * (1 - 0.45 * joint.float())[:, None]
    elif room.floor == 1:
        plank = torch.floor(at[:, 0] * 7)
        shade = 0.75 + 0.35 * ((torch.sin(plank * 12.9898) * 437.585) % 1)
        albedo = torch.tensor([0.5, 0.34, 0.2], device=at.device) * shade[:, None]
    return albedo * (0.8 + 0.4 * _noise(grain, at * 9))[:, None]


def _paint_walls(room: Room, grain: Tensor, albedo: Tensor, at: Tensor) -> Tensor:
    def tensor(values: object) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=at.device)

    albedo = albedo * (0.9 + 0.2 * _noise(grain, at * 2))[:, None]
    if room.band:
        inside = (at[:, 1] > 1.0) & (at[:, 1] < room.band)
        albedo = torch.where(inside[:, None], tensor(room.band_colour), albedo)
    if room.bricks:
        mortar = ((at * tensor([4.0, 9.0])) % 1 < 0.1).any(-1)
        albedo = torch.where(mortar[:, None], albedo * 0.7, albedo)
    for poster in room.posters:
        inside = ((at - tensor(poster.centre)).abs() < tensor(poster.half)).all(-1)
        albedo = torch.where(inside[:, None], tensor(poster.colour), albedo)
    return albedo


def _window(scene: Scene, box: Box, side: int, device: torch.device) -> Tensor:
    """Indices of the pixels in the bounding rectangle of a block."""
    cos, sin = math.cos(box.yaw), math.sin(box.yaw)
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=3))) * np.array(box.half)
    # Rows of this matrix take the block's axes back to the world.
    corners = corners @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]) + np.array(box.centre)
    pixels, ahead = project(scene.camera, corners, side)
    if (ahead < 0.1).any():
        return torch.arange(side * side, device=device)
    left, top = np.clip(np.floor(pixels.min(0)) - 1, 0, side).astype(int)
    right, bottom = np.clip(np.ceil(pixels.max(0)) + 1, 0, side).astype(int)
    rows, columns = torch.arange(top, bottom, device=device), torch.arange(left, right, device=device)
    return (rows[:, None] * side + columns).reshape(-1)


def draw_backdrop(scene: Scene, rays: Tensor, lamp: Lamp) -> Backdrop:
    """Cast the room and its furniture.

    Args:
        scene: The scene.
        rays: World directions of unit forward depth, shape ``(N, 3)``.
        lamp: The light.
    """
    room, device, count = scene.room, rays.device, len(rays)

    def tensor(values: object) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    eye = tensor(scene.camera.position)
    cos, sin = math.cos(room.yaw), math.sin(room.yaw)
    turn = tensor([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    origin, way = turn @ eye, rays @ turn.T
    way = torch.where(way.abs() < 1e-7, 1e-7, way)
    depth, surface = (
        torch.full((count,), FAR, device=device),
        torch.zeros(count, dtype=torch.long, device=device),
    )
    normal, albedo = torch.zeros(count, 3, device=device), torch.zeros(count, 3, device=device)
    walls = [(1, 0.0), (1, room.ceiling), (0, room.limits[0]), (0, -room.limits[1])]
    walls += [(2, room.limits[2]), (2, -room.limits[3])]
    for k, (axis, at) in enumerate(walls):
        hit = (at - origin[axis]) / way[:, axis]
        nearer = (hit > 0.05) & (hit < depth)
        depth = torch.where(nearer, hit, depth)
        facing = torch.zeros(3, device=device)
        facing[axis] = 1.0 if at <= 0 else -1.0
        normal[nearer], albedo[nearer], surface[nearer] = facing @ turn, tensor(room.colours[k]), k
    place, grain = origin + way * depth[:, None], tensor(room.grain)
    floor, wall = surface == _FLOOR, surface >= _FIRST_WALL
    albedo[floor] = _paint_floor(room, grain[0], albedo[floor], place[floor][:, [0, 2]])
    side = torch.where((surface < 4)[:, None], place[:, [2, 1]], place[:, [0, 1]])
    albedo[wall] = _paint_walls(room, grain[1], albedo[wall], side[wall])
    for box in scene.boxes:
        some = _window(scene, box, round(math.sqrt(count)), device)
        hit, facing = box_hits(eye, rays.index_select(0, some), tensor(box.centre), tensor(box.half), box.yaw)
        nearer = torch.nonzero(hit < depth.index_select(0, some)).flatten()
        at = some.index_select(0, nearer)
        depth[at], normal[at], albedo[at] = hit[nearer], facing[nearer], tensor(box.colour)
        surface[at] = _FURNITURE
    points = eye + rays * depth[:, None]
    diffuse = (normal @ lamp.direction).clamp_min(0) * 0.8 + 0.1
    sky = 0.72 + 0.28 * normal[:, 1:2]
    fade = 1 / (1 + 0.04 * (points[:, [0, 2]] ** 2).sum(-1))
    corner = torch.where(surface >= _FIRST_WALL, 0.65 + 0.35 * (points[:, 1] / 0.8).clamp(0, 1), 1.0)
    corner = corner * torch.where(surface == _FURNITURE, 0.5 + 0.5 * (points[:, 1] / 0.6).clamp(0, 1), 1.0)
    rgb = albedo * (lamp.ambient * sky + lamp.diffuse * diffuse[:, None]) * (fade * corner)[:, None]
    return Backdrop(rgb, depth, points, surface == _FLOOR)
