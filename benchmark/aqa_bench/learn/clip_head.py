"""A head on the features of a fixed video backbone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.clip_features import ClipFeatureExtractor
from aqa_bench.learn.feature_scaling import FeatureScaler
from aqa_bench.learn.loop import FitResult
from aqa_bench.learn.targets import TargetCoding
from aqa_bench.learn.temporal_head import Examples, forward, train_head
from aqa_bench.learn.video_recipe import VideoRecipe

__all__ = ["ClipHeadPredictor", "Labelled", "probe"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a fit knows of labels.

    Attributes:
        train: Labelled clips to learn from.
        val: Labelled clips to select on; may be empty.
        coding: Of the targets.
    """

    train: LabeledSet
    val: LabeledSet
    coding: TargetCoding


@dataclass(frozen=True)
class ClipHeadPredictor:
    """A head on features of a fixed backbone.

    Attributes:
        inputs: Scaled features ``(n, D)`` float32 of samples.
        head: The network, in evaluation mode.
        coding: Turns outputs into scores.
        device: Where the head computes.
        batch_size: Samples a forward pass of the head.
    """

    inputs: Callable[[Sequence[Sample]], Tensor]
    head: nn.Module
    coding: TargetCoding
    device: torch.device
    batch_size: int

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Softmax probability of error, or the score: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        return self.coding.decode(forward(self.head, self.inputs(samples).to(self.device), self.batch_size))


def probe(
    recipe: VideoRecipe,
    extractor: ClipFeatureExtractor,
    labelled: Labelled,
    ctx: FitContext,
    device: torch.device,
) -> tuple[ClipHeadPredictor, FitResult]:
    """Train a head on the features of a fixed backbone.

    Args:
        recipe: Head and its optimisation.
        extractor: Gives the features.
        labelled: Samples and targets.
        ctx: Seed, cache and progress.
        device: Where the head computes.
    """
    train, val, coding = labelled.train, labelled.val, labelled.coding
    scaler = FeatureScaler.fit(extractor.extract_cached(train.samples, ctx), standardise=recipe.standardise)

    def inputs(samples: Sequence[Sample]) -> Tensor:
        features = extractor.extract_cached(samples, ctx)
        return torch.from_numpy(np.stack([scaler(f).mean(axis=0) for f in features]))

    x = inputs(train.samples)
    head = recipe.new_head(x.shape[1], coding.num_outputs)
    result = train_head(
        head,
        Examples(x, coding.encode(train.targets)),
        Examples(inputs(val.samples) if len(val) else x[:0], coding.encode(val.targets)),
        recipe.head_training(),
        is_score=coding.is_score,
        seed=derive_seed(ctx.seed, "head"),
        device=device,
    )
    return ClipHeadPredictor(inputs, head, coding, device, recipe.head_batch_size), result
