"""A head on the features of a fixed video backbone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.scaling import FeatureScaler
from aqa_bench.learn.features.video_features import ClipFeatureExtractor
from aqa_bench.learn.methods.video_recipe import VideoRecipe
from aqa_bench.learn.supervised.head_training import Examples, train_head
from aqa_bench.learn.supervised.predictors import HeadPredictor
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.training.loop import FitResult

__all__ = ["Labelled", "probe"]


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


def probe(
    recipe: VideoRecipe,
    extractor: ClipFeatureExtractor,
    labelled: Labelled,
    ctx: FitContext,
    device: torch.device,
) -> tuple[HeadPredictor, FitResult]:
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
    return HeadPredictor(inputs, head, coding, device, recipe.head_batch_size), result
