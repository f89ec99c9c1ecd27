"""Does a network know another view of a picture? What is measured of clips that it did not learn from."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from aqa_bench.learn.augment.transform import Compose, to_float
from aqa_bench.learn.features.frame_index import FrameIndex

from .network import SiameseNetwork

__all__ = ["view_figures"]

_CLIPS = 64
_PAIRS = 8
_SEED = 0


@torch.inference_mode()
def view_figures(network: SiameseNetwork, frames: FrameIndex, augment: Compose) -> dict[str, float]:
    """How often another view of a frame is closer to it than a view of another clip's frame.

    Args:
        network: In evaluation mode.
        frames: Clips to look at; the middle frame of each of the first 64 is taken.
        augment: Makes the views.

    Returns:
        ``view_accuracy``: the share over all pairs of clips and 8 pairs of views; ``view_chance``: .5.
        Nothing where there are fewer than two clips.
    """
    clips = np.arange(min(len(frames), _CLIPS))
    if len(clips) < 2:
        return {}
    device = next(network.parameters()).device
    images = to_float(frames.read(clips, frames.lengths[clips] // 2).to(device))
    generator, shares = torch.Generator().manual_seed(_SEED), []
    for _ in range(_PAIRS):
        first, second = (
            F.normalize(network.projections(augment(images, generator)).float(), dim=1) for _ in range(2)
        )
        cosine = first @ second.T
        closer = (cosine.diag()[:, None] > cosine).sum()
        shares.append(float(closer) / (len(clips) * (len(clips) - 1)))
    return {"view_accuracy": sum(shares) / len(shares), "view_chance": 0.5}
