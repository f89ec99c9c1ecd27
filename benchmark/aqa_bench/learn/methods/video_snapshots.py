"""Which epoch of a pre-training to go on from, by what a head makes of its features on val."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from aqa_bench.core.method import FitContext
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.video_features import ClipFeatureExtractor
from aqa_bench.learn.methods.video_probe import Labelled, probe
from aqa_bench.learn.methods.video_recipe import VideoRecipe
from aqa_bench.learn.training.device import deterministic

__all__ = ["best_snapshot"]

_log = logging.getLogger(__name__)


def best_snapshot(
    backbone: VideoBackbone,
    snapshots: Sequence[Path],
    recipe: VideoRecipe,
    labelled: Labelled,
    ctx: FitContext,
    device: torch.device,
) -> dict[str, Any]:
    """Load the weights whose frozen features are judged best on val, the earliest of several.

    Args:
        backbone: Receives the weights.
        snapshots: Weights after each epoch.
        recipe: The probe's head and its optimisation.
        labelled: What the probe learns from and is judged on; without val the last epoch is kept.
        ctx: Seed, cache and progress.
        device: Where to compute.

    Returns:
        Facts: ``selected_epoch`` (1 is the first) and ``probe_scores``, an epoch each.

    Raises:
        DataError: A snapshot cannot be read.
    """
    extractor = ClipFeatureExtractor(backbone, recipe.clip_spec(), device)
    if not len(labelled.val):
        extractor.load(snapshots[-1])
        return {"selected_epoch": len(snapshots), "probe_scores": []}
    scores = []
    for path in snapshots:
        extractor.load(path)
        with deterministic(ctx.seed):
            _, result = probe(recipe, extractor, labelled, ctx, device)
        scores.append(-float("inf") if result.best_score is None else result.best_score)
    best = max(range(len(scores)), key=scores.__getitem__)
    extractor.load(snapshots[best])
    _log.info("epoch %d of %d is judged best by a probe on val", best + 1, len(scores))
    return {"selected_epoch": best + 1, "probe_scores": [round(score, 6) for score in scores]}
