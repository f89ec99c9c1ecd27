"""The two ways in which video methods learn from labels, and the epoch of a pre-training to go on from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.method import FitContext
from aqa_bench.core.plain_state import plain_state, rebuilt
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.state import State
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.extractor import load_state
from aqa_bench.learn.features.head_inputs import FeatureScaler
from aqa_bench.learn.features.video_features import ClipFeatureExtractor, ClipSpec, read_clip
from aqa_bench.learn.methods.video_recipe import VideoRecipe
from aqa_bench.learn.supervised.targets import FitData, HeadPredictor, NetworkPredictor, TargetCoding
from aqa_bench.learn.supervised.training import finetune_network, fit_head
from aqa_bench.learn.supervised.video_classifier import VideoClassifier, labelled_clips
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import Precision, deterministic
from aqa_bench.learn.training.loop import FitResult
from aqa_bench.learn.training.network_state import head_state, load_network

if TYPE_CHECKING:
    from aqa_bench.learn.looking.attribution import Attribution

__all__ = [
    "ClipFeaturePredictor",
    "ClipInputs",
    "ClipPredictor",
    "best_snapshot",
    "finetuned",
    "probe",
    "probed",
    "restored",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClipPredictor(NetworkPredictor):
    """A network that judges clips, and shows what it looked at.

    Attributes:
        spec: Which frames make a clip, and their size.
    """

    network: VideoClassifier
    spec: ClipSpec

    def attribution(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Sequence[Attribution]:
        """What places and times of clips contribute to their judgement, counted from an average clip.

        Raises:
            UsageError: The package captum is missing.
        """
        from aqa_bench.learn.looking.video_explanation import explain_clips

        network = (self.network.backbone, self.network.head)
        return explain_clips(samples, reference, network, self.spec, is_score=self.coding.is_score)

    def state(self) -> State:
        """Backbone, head and coding."""
        backbone, head = self.network.backbone, self.network.head
        return State.joined(backbone=backbone.state(), head=head_state(head), coding=self.coding.state())


@dataclass(frozen=True)
class ClipInputs:
    """Makes the inputs of a head on features of clips.

    Attributes:
        extractor: Gives the features.
        scaler: Fitted to the training features.
        ctx: Its cache keeps features.
    """

    extractor: ClipFeatureExtractor
    scaler: FeatureScaler
    ctx: FitContext

    def __call__(self, samples: Sequence[Sample]) -> Tensor:
        """Inputs ``(n, D)``, float32."""
        features = self.extractor.extract_cached(samples, self.ctx)
        # Scaled before the mean over clips: the scale was learnt on clips.
        return torch.from_numpy(np.stack([self.scaler(f).mean(axis=0) for f in features]))

    def state(self) -> State:
        """Backbone and scale."""
        return State.joined(backbone=self.extractor.backbone.state(), scaler=plain_state(self.scaler))


@dataclass(frozen=True)
class ClipFeaturePredictor(HeadPredictor):
    """A head on features of a fixed video backbone, and what it looked at.

    Attributes:
        extractor: Gives the features.
        scaler: What is done to them before they are averaged over clips.
    """

    extractor: ClipFeatureExtractor
    scaler: FeatureScaler

    def attribution(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Sequence[Attribution]:
        """What places and times of clips contribute to their judgement, counted from an average clip.

        Raises:
            UsageError: The package captum is missing.
        """
        from aqa_bench.learn.looking.video_explanation import explain_clips

        network, is_score = (self.extractor.backbone, self.head), self.coding.is_score
        spec, scaler = self.extractor.spec, self.scaler
        return explain_clips(samples, reference, network, spec, scaler=scaler, is_score=is_score)


def finetuned(
    backbone: VideoBackbone, recipe: VideoRecipe, data: FitData, ctx: FitContext, device: torch.device
) -> ClipPredictor:
    """Train backbone and head together.

    Args:
        backbone: What to begin with; it stays as it is, since other tasks and splits begin with it too.
        recipe: Clips, head, augmentation and optimisation.
        data: Labelled clips.
        ctx: Seed and cache; ``report`` receives the cost.
        device: Where to compute.
    """
    spec, coding = recipe.clip_spec(), data.coding
    head = recipe.new_head(backbone.num_features, coding.num_outputs)
    network = VideoClassifier(deepcopy(backbone), head, spec.clips).to(device)
    blank = torch.zeros(1, spec.frames * spec.clips, 3, spec.side, spec.side, device=device)
    cost = giga_multiply_adds(network, blank)
    result = finetune_network(
        network,
        labelled_clips(data.train, spec, coding, device, ctx.cache, recipe.finetune_augmentation),
        labelled_clips(data.val, spec, coding, device, ctx.cache),
        recipe.finetuning(),
        is_score=coding.is_score,
        augment=recipe.finetuning_augment(flip=0.0),
        seed=derive_seed(ctx.seed, "finetune"),
        device=device,
        progress=ctx.progress,
    )
    ctx.report.update(
        parameters=parameter_count(network),
        gflops=round(cost, 6),
        dtype=Precision.default(device).dtype,
        batch_size=recipe.finetune_batch_size,
        **result.facts(),
    )
    read = partial(read_clip, spec=spec)
    return ClipPredictor(network, read, coding, device, recipe.finetune_batch_size, spec)


def probed(
    backbone: VideoBackbone, recipe: VideoRecipe, data: FitData, ctx: FitContext, device: torch.device
) -> ClipFeaturePredictor:
    """Train a head on the features of a fixed backbone.

    Args:
        backbone: The network.
        recipe: Clips, head and its optimisation.
        data: Labelled clips.
        ctx: Seed and cache; ``report`` receives the cost.
        device: Where to compute.
    """
    spec = recipe.clip_spec()
    extractor = ClipFeatureExtractor(backbone, spec, device)
    predictor, result = probe(recipe, extractor, data, ctx, device)
    ctx.report.update(
        parameters=parameter_count(backbone, predictor.head),
        gflops=round(spec.clips * backbone.gflops(spec.frames, spec.side), 6),
        dtype=extractor.precision.dtype,
        batch_size=recipe.head_batch_size,
        **result.facts(),
    )
    return predictor


def probe(
    recipe: VideoRecipe,
    extractor: ClipFeatureExtractor,
    data: FitData,
    ctx: FitContext,
    device: torch.device,
) -> tuple[ClipFeaturePredictor, FitResult]:
    """Train a head on an extractor's features.

    Args:
        recipe: Head and its optimisation.
        extractor: Gives the features.
        data: Labelled clips.
        ctx: Seed, cache and progress.
        device: Where the head computes.
    """
    known = extractor.extract_cached(data.train.samples, ctx)
    scaler = FeatureScaler.fit(known, standardise=recipe.standardise)
    inputs = ClipInputs(extractor, scaler, ctx)
    x = inputs(data.train.samples)
    head = recipe.new_head(x.shape[1], data.coding.num_outputs)
    result = fit_head(head, x, inputs, data, recipe.head_training(), ctx, device)
    size = recipe.head_batch_size
    return ClipFeaturePredictor(inputs, head, data.coding, device, size, extractor, scaler), result


def restored(
    state: State, backbone: VideoBackbone, recipe: VideoRecipe, ctx: FitContext, device: torch.device
) -> ClipPredictor | ClipFeaturePredictor:
    """What :func:`finetuned` or :func:`probed` returned.

    Args:
        state: Its state.
        backbone: Of the recipe's architecture, with any weights.
        recipe: Its recipe.
        ctx: Its cache keeps features.
        device: Where to compute.

    Raises:
        DataError: The state is of another method or recipe.
    """
    spec, coding, told = recipe.clip_spec(), TargetCoding.restored(state.part("coding")), state.part("head")
    head = load_network(recipe.new_head(told.fact("in_features"), coding.num_outputs), told)
    if "inputs" not in state.facts:
        network = VideoClassifier(backbone.restored(state.part("backbone")), head, spec.clips)
        read, size = partial(read_clip, spec=spec), recipe.finetune_batch_size
        return ClipPredictor(network.to(device).eval(), read, coding, device, size, spec)
    seen = state.part("inputs")
    scaler = rebuilt(seen.part("scaler"), FeatureScaler)
    extractor = ClipFeatureExtractor(backbone.restored(seen.part("backbone")), spec, device)
    inputs, size = ClipInputs(extractor, scaler, ctx), recipe.head_batch_size
    return ClipFeaturePredictor(inputs, head.to(device), coding, device, size, extractor, scaler)


def best_snapshot(
    backbone: VideoBackbone,
    snapshots: Sequence[Path],
    *,
    recipe: VideoRecipe,
    data: FitData,
    ctx: FitContext,
    device: torch.device,
) -> dict[str, Any]:
    """Load the weights whose frozen features are judged best on val, the earliest of several.

    Args:
        backbone: Receives the weights.
        snapshots: Weights after each epoch of a pre-training.
        recipe: The probe's head and its optimisation.
        data: What the probe learns from and is judged on; without val the last epoch is kept.
        ctx: Seed, cache and progress.
        device: Where to compute.

    Returns:
        Facts: ``selected_epoch`` (1 is the first) and ``probe_scores`` of all epochs.

    Raises:
        DataError: A snapshot cannot be read.
    """
    extractor = ClipFeatureExtractor(backbone, recipe.clip_spec(), device)
    if not len(data.val):
        load_state(backbone, snapshots[-1])
        return {"selected_epoch": len(snapshots), "probe_scores": []}
    scores = []
    for path in snapshots:
        load_state(backbone, path)
        # The same initial head and order for every snapshot: the weights alone differ.
        with deterministic(ctx.seed):
            _, result = probe(recipe, extractor, data, ctx, device)
        scores.append(-float("inf") if result.best_score is None else result.best_score)
    # The earliest of equals, since max keeps the first.
    best = max(range(len(scores)), key=scores.__getitem__)
    load_state(backbone, snapshots[best])
    _log.info("a probe on val chose epoch %d of %d", best + 1, len(scores))
    return {"selected_epoch": best + 1, "probe_scores": [round(score, 6) for score in scores]}
