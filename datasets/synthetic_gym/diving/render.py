"""From a dive to pixels, on the CPU or a GPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..figure import Parts
from ..raycast import cone_hits, empty_buffer, pixel_grid, splat
from ..shading import lamp_on, shade, solids_on
from .backdrop import Foam, draw_hall, hall_on
from .dive import DiveClip

__all__ = ["render_dive"]

_PIXELS_AT_ONCE = {"cpu": 320_000, "cuda": 8_000_000}


def render_dive(
    clip: DiveClip, size: int, supersample: int = 2, device: str | torch.device = "cpu"
) -> Tensor:
    """Render every frame of a dive.

    Args:
        clip: What is filmed.
        size: Side of the frames in pixels.
        supersample: Rays per pixel and axis.
        device: Where to compute. Results on CPU and GPU differ only by rounding.

    Returns:
        uint8 RGB, shape ``(T, size, size, 3)``, on the CPU.
    """
    device = torch.device(device)
    camera, side, frames = clip.camera, size * supersample, len(clip.since)
    hall, lamp = hall_on(device, clip.pool), lamp_on(device, clip.pool.light)
    axes = torch.tensor(camera.axes, dtype=torch.float32, device=device)
    focal = camera.focal * side
    grid = pixel_grid(side, focal, device)
    solids = solids_on(device, [clip.body, clip.splash, _standing(clip.pool.parts, frames)], round_cones=True)
    foam = Foam(
        (float(clip.entry_point[0]), float(clip.entry_point[2])),
        clip.annotation.faults["splash"],
        torch.tensor(clip.since, dtype=torch.float32, device=device),
    )
    parts = len(solids.hem)
    span = max(1, _PIXELS_AT_ONCE.get(device.type, 320_000) // side**2)
    pictures = []
    for first in range(0, frames, span):
        some = slice(first, min(first + span, frames))
        count = some.stop - first
        rays = grid @ axes[some]
        picture, behind = draw_hall(hall, rays, foam, first)
        start, end = (
            torch.einsum("fpi,fji->fpj", v[some] - hall.eye, axes[some]) for v in (solids.start, solids.end)
        )
        buffer = empty_buffer(count, side, device)
        splat(buffer, focal, start, end, solids.radius, cone_hits, 0)
        at = torch.nonzero((buffer.owner >= 0) & (buffer.depth < behind.reshape(-1))).flatten()
        owner = buffer.owner.index_select(0, at)
        way = rays.reshape(-1, 3).index_select(0, at)
        points = hall.eye + way * buffer.depth.index_select(0, at)[:, None]
        ahead = way / way.norm(dim=-1, keepdim=True)
        picture = picture.reshape(-1, 3)
        picture[at] = shade(solids, first + owner // parts, owner % parts, points, ahead, lamp)
        picture = picture.reshape(count, side, side, 3).permute(0, 3, 1, 2).clamp(0, 1.5)
        pictures.append(F.avg_pool2d(picture, supersample) if supersample > 1 else picture)
    return _develop(torch.cat(pictures).cpu(), clip)


def _standing(parts: Parts, frames: int) -> Parts:
    """Parts of one frame as parts of every frame."""
    start, end = (np.repeat(v, frames, axis=0) for v in (parts.start, parts.end))
    return replace(parts, start=start, end=end)


def _develop(pictures: Tensor, clip: DiveClip) -> Tensor:
    """Gamma and sensor noise: linear ``(T, 3, S, S)`` to uint8 ``(T, S, S, 3)``."""
    rng = clip.annotation.plan.stream("sensor")
    level, generator = (
        float(rng.uniform(0.004, 0.015)),
        torch.Generator().manual_seed(int(rng.integers(2**31))),
    )
    shown = pictures.clamp(0, 1) ** clip.pool.light.gamma
    shown = (shown + torch.randn(shown.shape, generator=generator) * level).clamp(0, 1)
    return (shown * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
