"""Training a finder of the lifter: a minute of a CPU, the same weights every time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aqa_bench.core.dataset import LifterClip
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.learn.lifter.finder import LifterFinder, small
from aqa_bench.learn.lifter.network import LifterNetwork
from aqa_bench.learn.lifter.parts import PARTS, joints_of
from aqa_bench.learn.lifter.recipe import FinderRecipe
from aqa_bench.learn.training.device import deterministic

__all__ = ["train_finder"]

_BRIGHTNESS, _COLOUR = 20.0, 0.4
_NEAR, _WEIGHT = 0.02, 4.0


def train_finder(
    clips: Iterable[LifterClip], recipe: FinderRecipe | None = None, progress: Progress | None = None
) -> LifterFinder:
    """Train a finder from random weights.

    Pictures are mirrored and change in brightness and colour; they are not moved, since where lifters stand
    in the picture is part of what there is to know.

    Args:
        clips: What it learns from.
        recipe: How.
        progress: Advanced after every step.

    Raises:
        DataError: There is no clip.
    """
    recipe, progress = recipe or FinderRecipe(), progress or NullProgress()
    images, targets = _examples(clips)
    with deterministic(recipe.seed):
        network = LifterNetwork()
        optimizer = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=1e-2)
        rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=recipe.steps)
        progress.start("training the lifter detector", recipe.steps)
        for _ in range(recipe.steps):
            chosen = torch.randint(len(images), (recipe.batch,))
            seen, wanted = _varied(images[chosen], targets[chosen])
            found = network(seen)
            loss = (1 - _overlap(found, wanted)).mean()
            loss = loss + _WEIGHT * F.smooth_l1_loss(found, wanted, beta=_NEAR)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rates.step()
            progress.advance(1)
        progress.close()
    return LifterFinder(network)


def _examples(clips: Iterable[LifterClip]) -> tuple[Tensor, Tensor]:
    """Frames ``(N, 3, SIDE, SIDE)``, and the boxes of joints in each, ``(N, P, 4)`` shares."""
    images, targets = [], []
    for clip in clips:
        images.append(small(clip.frames).byte())
        place = clip.keypoints[..., :2] / np.array([clip.frames.shape[2], clip.frames.shape[1]])
        parts = [place[:, joints_of(part)] for part in PARTS]
        boxes = [np.concatenate([part.min(1), part.max(1)], 1) for part in parts]
        targets.append(torch.from_numpy(np.stack(boxes, 1)).float())
    if not images:
        raise DataError("There are no clips to learn from.", expected="clips of lifters", found="none")
    return torch.cat(images), torch.cat(targets)


def _varied(images: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    count = len(images)
    mirror = torch.rand(count) < 0.5
    seen = torch.where(mirror[:, None, None, None], images.flip(-1), images).float()
    left, top, right, bottom = boxes.unbind(-1)
    mirrored = torch.stack([1 - right, top, 1 - left, bottom], -1)
    gain = 1 + _COLOUR * (torch.rand(count, 3, 1, 1) - 0.5)
    seen = seen * gain + _BRIGHTNESS * (torch.rand(count, 1, 1, 1) - 0.5)
    return seen.clamp(0, 255), torch.where(mirror[:, None, None], mirrored, boxes)


def _overlap(one: Tensor, other: Tensor) -> Tensor:
    low, high = torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    first, second = ((box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1) for box in (one, other))
    return shared / (first + second - shared + 1e-9)
