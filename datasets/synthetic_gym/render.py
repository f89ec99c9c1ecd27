"""From a shot to pixels, on the CPU or a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .backdrop import Backdrop, draw_backdrop
from .figure import Parts, frames_of
from .kinematics import Array
from .raycast import cone_hits, cylinder_hits, empty_buffer, pixel_grid, splat
from .scene import Scene
from .shading import Lamp, Solids, floor_shadow, lamp_on, shade, solids_on

__all__ = ["BACKGROUND", "BAR", "LIFTER", "OTHERS", "Rendered", "Shot", "render_shot"]

#: Classes of :attr:`Rendered.classes`.
BACKGROUND, LIFTER, BAR, OTHERS = 0, 1, 2, 3
_PIXELS_AT_ONCE = {"cpu": 320_000, "cuda": 8_000_000}
_SHADOW_RADIUS = 2.5
_THIN = 0.036


@dataclass(frozen=True)
class Shot:
    """All that a clip's pixels depend on.

    Attributes:
        scene: Camera, light, room, furniture and bystanders.
        body: The lifter.
        bar: The lifter's barbell.
        shake: Shift of the picture in image sides, shape ``(T, 2)``.
        noise: Standard deviation of sensor noise, 0 to 1.
        noise_seed: Seed of the sensor noise.
    """

    scene: Scene
    body: Parts
    bar: Parts
    shake: Array
    noise: float
    noise_seed: int


@dataclass(frozen=True)
class Rendered:
    """A rendered clip.

    Attributes:
        frames: uint8 RGB, shape ``(T, size, size, 3)``, on the CPU.
        classes: uint8 class of each ray (``BACKGROUND``, ``LIFTER``, ``BAR``, ``OTHERS``), before the
            shake, shape ``(T, side, side)`` with ``side = size * supersample``.
        shadow: Light taken from the floor, before the shake, shape ``(T, size, size)``.
        visibility: Share of the lifter's pixels that nothing hides, per frame, shape ``(T,)``.
    """

    frames: Tensor
    classes: Tensor
    shadow: Tensor
    visibility: Tensor


def render_shot(
    shot: Shot,
    size: int,
    supersample: int = 2,
    device: str | torch.device = "cpu",
    shown: Sequence[int] | None = None,
) -> Rendered:
    """Render a shot, or some frames of it.

    Args:
        shot: What is filmed.
        size: Side of the frames in pixels.
        supersample: Rays per pixel and axis.
        device: Where to compute. Results on CPU and GPU differ only by rounding.
        shown: Frames to render, the same pixels as when all are; all of them where None.

    Returns:
        The frames in the order asked for.
    """
    device = torch.device(device)
    every = len(shot.body.start)
    if shown is not None:
        shot = _some_frames(shot, shown)
    camera, side = shot.scene.camera, size * supersample
    frames = len(shot.body.start)
    axes = torch.tensor(camera.axes, dtype=torch.float32, device=device)
    eye = torch.tensor(camera.position, dtype=torch.float32, device=device)
    focal = camera.focal * side
    rays = pixel_grid(side, focal, device) @ axes
    lamp = lamp_on(device, shot.scene.light)
    backdrop = draw_backdrop(shot.scene, rays, lamp)
    groups = _groups(shot, device)
    shadow = _shadow(backdrop, groups[0].solids, lamp, side, supersample)
    ahead = rays / rays.norm(dim=-1, keepdim=True)
    span = max(1, _PIXELS_AT_ONCE.get(device.type, 320_000) // side**2)
    pictures, classes, visibility = [], [], []
    for first in range(0, frames, span):
        some = slice(first, min(first + span, frames))
        count = some.stop - first
        buffer = empty_buffer(count, side, device)
        alone = torch.zeros(count, device=device)
        bases = [0]
        for group in groups:
            start, end = ((v[some] - eye) @ axes.T for v in (group.solids.start, group.solids.end))
            shape = cone_hits if group.solids.round else cylinder_hits
            splat(buffer, focal, start, end, group.solids.radius, shape, bases[-1])
            bases.append(bases[-1] + count * len(group.solids.hem))
            if group is groups[0]:
                alone = (buffer.owner.reshape(count, -1) >= 0).sum(1)
        depth, owner = buffer.depth.reshape(count, -1), buffer.owner.reshape(count, -1)
        owner = torch.where(depth < backdrop.depth, owner, -1).reshape(-1)
        kind = torch.full_like(owner, BACKGROUND, dtype=torch.uint8)
        dim = shadow[some].reshape(count, size, size)
        dim = dim.repeat_interleave(supersample, 1).repeat_interleave(supersample, 2).reshape(count, -1, 1)
        picture = (backdrop.rgb * (1 - dim)).reshape(-1, 3)
        for group, base in zip(groups, bases[:-1], strict=True):
            row = len(group.solids.hem)
            at = torch.nonzero((owner >= base) & (owner < base + count * row)).flatten()
            frame, part, pixel = (owner[at] - base) // row, (owner[at] - base) % row, at % side**2
            points = eye + rays.index_select(0, pixel) * buffer.depth.index_select(0, at)[:, None]
            picture[at] = shade(group.solids, first + frame, part, points, ahead.index_select(0, pixel), lamp)
            kind[at] = torch.where(part < group.mine, group.kind, OTHERS).to(torch.uint8)
        picture = picture.reshape(count, side, side, 3).permute(0, 3, 1, 2).clamp(0, 1.5)
        pictures.append(F.avg_pool2d(picture, supersample) if supersample > 1 else picture)
        classes.append(kind.reshape(count, side, side))
        seen = (classes[-1] == LIFTER).sum((1, 2))
        visibility.append(seen / alone.clamp_min(1))
    return Rendered(
        _develop(torch.cat(pictures), shot, every, shown).cpu(),
        torch.cat(classes).cpu(),
        shadow.reshape(frames, size, size).cpu(),
        torch.cat(visibility).cpu(),
    )


@dataclass(frozen=True)
class _Group:
    """Solids whose first ``mine`` parts are of class ``kind`` and whose others are of class OTHERS."""

    solids: Solids
    kind: int
    mine: int


def _groups(shot: Shot, device: torch.device) -> list[_Group]:
    groups = [_Group(solids_on(device, [shot.body], round_cones=True), LIFTER, len(shot.body.hem))]
    if shot.scene.others:
        groups.append(_Group(solids_on(device, list(shot.scene.others), round_cones=True), OTHERS, 0))
    rods = solids_on(device, [shot.bar, *shot.scene.bars], round_cones=False)
    return [*groups, _Group(rods, BAR, len(shot.bar.hem))]


def _shadow(backdrop: Backdrop, body: Solids, lamp: Lamp, side: int, supersample: int) -> Tensor:
    """Shadow of the lifter on the floor at the resolution of the frames, shape ``(T, size * size)``."""
    every = slice(supersample // 2, None, supersample)
    floor = backdrop.floor.reshape(side, side)[every, every].reshape(-1)
    points = backdrop.points.reshape(side, side, 3)[every, every].reshape(-1, 3)
    near = floor & (points[:, [0, 2]].norm(dim=-1) < _SHADOW_RADIUS)
    shadow = torch.zeros(len(body.start), len(floor), device=floor.device)
    if near.any():
        thick = torch.nonzero(body.radius[:, 0] > _THIN).flatten()[::2]
        shadow[:, near] = floor_shadow(points[near], body, thick, lamp)
    return shadow


def _some_frames(shot: Shot, shown: Sequence[int]) -> Shot:
    at, scene = np.asarray(shown, np.intp), shot.scene
    others, bars = (tuple(frames_of(parts, at) for parts in each) for each in (scene.others, scene.bars))
    return replace(
        shot,
        scene=replace(scene, others=others, bars=bars),
        body=frames_of(shot.body, at),
        bar=frames_of(shot.bar, at),
        shake=shot.shake[at],
    )


def _develop(pictures: Tensor, shot: Shot, every: int, shown: Sequence[int] | None) -> Tensor:
    """Shake, gamma and sensor noise: linear ``(T, 3, S, S)`` to uint8 ``(T, S, S, 3)``."""
    frames, device = len(pictures), pictures.device
    shift = torch.tensor(shot.shake, dtype=torch.float32, device=device)
    move = torch.eye(2, 3, device=device).repeat(frames, 1, 1)
    move[:, :, 2] = -2 * shift
    grid = F.affine_grid(move, list(pictures.shape), align_corners=False)
    moved = F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    bright = moved.clamp(0, 1) ** shot.scene.light.gamma
    generator = torch.Generator().manual_seed(shot.noise_seed)
    # Drawn for the whole clip, so that a frame's grain does not depend on what else is rendered.
    grain = torch.randn((every, *bright.shape[1:]), generator=generator)
    grain = (grain if shown is None else grain[list(shown)]).to(device)
    bright = (bright + grain * shot.noise).clamp(0, 1)
    return (bright * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
