"""Does the code come apart? What is measured and drawn of watched clips."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from aqa_bench.core.sample import UInt8Array
from aqa_bench.learn.features.frame_index import FrameIndex

from .loss import targets
from .network import DisentanglingAutoEncoder
from .pairs import PairSampler

__all__ = ["picture_grid", "swap_figures"]

_PAIRS = 128
_SHOWN = 5
_SEED = 0
_FOLDS = 5


@torch.inference_mode()
def swap_figures(network: DisentanglingAutoEncoder, frames: FrameIndex, gap: float) -> dict[str, float]:
    """How well pictures come back, and whether either part of the code says what it should.

    Args:
        network: In evaluation mode.
        frames: Clips to look at.
        gap: Smallest difference in phase between the frames of a pair.

    Returns:
        ``reconstruction_l1``: mean absolute error of pictures of a frame's own code. ``swap_l1`` and
        ``swap_psnr`` (dB): of its pose with the appearance of its partner. ``swap_keeps_pose``: share
        of such pictures that are closer to the pose's frame than to the appearance's.
        ``swap_takes_appearance``: share of pictures of a pose with the appearance of another clip that
        are closer to that clip's frame of nearest phase than to the pose's frame. Both are .5 by
        chance. ``elevation_r2_pose`` and ``elevation_r2_appearance``: what a ridge regression on either
        part says of the bar's elevation in clips that it was not fitted on. Nothing where no clip has
        frames beyond the gap; other clips' appearance needs two clips, and the regression five.
    """
    elevations = frames.elevations()
    sampler = PairSampler(elevations, gap=gap)
    clips = sampler.usable
    if not len(clips):
        return {}
    rng = np.random.default_rng(_SEED)
    drawn = sampler.draw(np.resize(clips, min(2 * len(clips), _PAIRS)), rng)
    device = next(network.parameters()).device
    images = frames.read(drawn.clips, drawn.frames).to(device)
    wanted = targets(images, network.side)
    pose, appearance = network.backbone.codes(images)
    own = network.decode(pose, appearance)
    swapped = network.decode(pose, _partners(appearance))
    found = {
        "reconstruction_l1": float(F.l1_loss(own, wanted)),
        "swap_l1": float(F.l1_loss(swapped, wanted)),
        "swap_psnr": float(-10 * torch.log10(F.mse_loss(swapped, wanted).clamp_min(1e-9))),
        "swap_keeps_pose": _closer(swapped, wanted, _partners(wanted)),
    }
    if len(clips) < 2:
        return found
    others = clips[(np.searchsorted(clips, drawn.clips) + 1) % len(clips)]
    nearest = [
        int(np.abs(elevations[clip] * 360 - phase).argmin())
        for clip, phase in zip(others, drawn.phases, strict=True)
    ]
    there = frames.read(others, nearest).to(device)
    crossed = network.decode(pose, network.backbone.codes(there)[1])
    found["swap_takes_appearance"] = _closer(crossed, targets(there, network.side), wanted)
    if len(clips) < _FOLDS:
        return found
    elevation = drawn.phases / 360
    for name, code in (("pose", pose), ("appearance", appearance)):
        found[f"elevation_r2_{name}"] = _r2(code.float().cpu().numpy(), elevation, drawn.clips)
    return found


@torch.inference_mode()
def picture_grid(network: DisentanglingAutoEncoder, frames: FrameIndex, gap: float) -> UInt8Array:
    """Poses by row, appearances by column.

    The first row has the frames that lend their appearance. Every other row has a frame, its
    reconstruction, its pose in the appearance of another frame of its clip, and its pose in the
    appearance of each clip of the first row.

    Args:
        network: In evaluation mode.
        frames: Clips to draw from; five at most are shown.
        gap: Smallest difference in phase between the frames of a pair.

    Returns:
        ``(H, W, 3)`` RGB; white where there is nothing to show.
    """
    sampler = PairSampler(frames.elevations(), gap=gap)
    shown = sampler.usable[:_SHOWN]
    side = network.side
    if not len(shown):
        return np.full((side, side, 3), 255, np.uint8)
    drawn = sampler.draw(shown, np.random.default_rng(_SEED))
    images = frames.read(drawn.clips, drawn.frames).to(next(network.parameters()).device)
    pose, appearance = (code.float() for code in network.backbone.codes(images))
    n = len(shown)
    blank = torch.ones(3, side, side, device=images.device)
    lenders = targets(images, side)[n:]
    rows = [torch.stack([blank, blank, blank, *lenders])]
    for i in range(n):
        poses = pose[i].expand(2 + n, -1)
        looks = torch.cat([appearance[i : i + 1], appearance[n + i : n + i + 1], appearance[n:]])
        rows.append(torch.cat([targets(images[i : i + 1], side), network.decode(poses, looks)]))
    cells = torch.stack(rows).mul(255).round().byte().cpu()
    grid = cells.permute(0, 3, 1, 4, 2).reshape(cells.shape[0] * side, cells.shape[1] * side, 3)
    return np.ascontiguousarray(grid.numpy())


def _partners(x: Tensor) -> Tensor:
    first, second = torch.chunk(x, 2)
    return torch.cat([second, first])


def _closer(pictures: Tensor, one: Tensor, other: Tensor) -> float:
    def distance(to: Tensor) -> Tensor:
        return (pictures - to).abs().mean(dim=(1, 2, 3))

    return float(((distance(other) - distance(one)).sign() + 1).mean() / 2)


def _r2(
    code: npt.NDArray[np.float32], elevation: npt.NDArray[np.float64], clips: npt.NDArray[np.int64]
) -> float:
    folds = GroupKFold(_FOLDS)
    model = make_pipeline(StandardScaler(), Ridge(alpha=float(code.shape[1])))
    return float(r2_score(elevation, cross_val_predict(model, code, elevation, groups=clips, cv=folds)))
