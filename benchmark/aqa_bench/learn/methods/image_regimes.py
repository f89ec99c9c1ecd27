"""The two ways in which image methods learn from labels: a head on fixed features, or end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from aqa_bench.core.method import FitContext, Predictor
from aqa_bench.core.plain_state import rebuilt, state_of
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.state import State
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.features.head_inputs import Arrange, FeatureScaler, HeadInputs
from aqa_bench.learn.features.image_features import FrameFeatureExtractor, PooledBackbone
from aqa_bench.learn.heads.build import build_head
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.supervised.image_classifier import (
    ImageClassifier,
    labelled_stills,
    read_still,
)
from aqa_bench.learn.supervised.targets import FitData, HeadPredictor, NetworkPredictor, TargetCoding
from aqa_bench.learn.supervised.training import finetune_network, fit_head
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import Precision
from aqa_bench.learn.training.network_state import head_state, load_network

if TYPE_CHECKING:
    from aqa_bench.learn.looking.attribution import Attribution

__all__ = [
    "AlteredPredictor",
    "FeaturePredictor",
    "StillPredictor",
    "altered_samples",
    "finetuned",
    "probed",
    "restored",
]


@dataclass(frozen=True)
class FeaturePredictor(HeadPredictor):
    """A head on features of a fixed backbone, and what it looked at."""

    inputs: HeadInputs

    def attribution(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Sequence[Attribution]:
        """What the frames of samples contribute to their judgement, counted from an average picture.

        Raises:
            UsageError: The package captum is missing, or the backbone's features have no places.
            MethodError: The method arranges features in a way that cannot be explained.
        """
        from aqa_bench.learn.looking.image_explanation import explain_features

        return explain_features(samples, reference, self.inputs, self.head, self.coding.is_score)


@dataclass(frozen=True)
class StillPredictor(NetworkPredictor):
    """A network that judges still images, and shows what it looked at.

    Attributes:
        spec: Size of its images.
    """

    network: ImageClassifier
    spec: FrameSpec

    def attribution(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Sequence[Attribution]:
        """What the parts of still images contribute to their judgement, counted from an average picture.

        Raises:
            UsageError: The package captum is missing, or the backbone's features have no places.
        """
        from aqa_bench.learn.looking.image_explanation import explain_stills

        parts = (self.network.features.backbone, self.network.features.pooling, self.network.head)
        return explain_stills(samples, reference, parts, self.spec, self.coding.is_score)

    def state(self) -> State:
        """Backbone, head and coding."""
        backbone, head = self.network.features.backbone, self.network.head
        return State.joined(backbone=backbone.state(), head=head_state(head), coding=self.coding.state())


def probed(
    extractor: FrameFeatureExtractor,
    arrange: Arrange,
    recipe: ImageRecipe,
    data: FitData,
    ctx: FitContext,
    device: torch.device,
) -> FeaturePredictor:
    """Train a head on the features of a fixed backbone.

    Args:
        extractor: Gives the features.
        arrange: Changes scaled features of one sample, e.g. sets differences beside them.
        recipe: Head and its optimisation.
        data: Labelled samples.
        ctx: Seed and cache; ``report`` receives the cost.
        device: Where the head computes.
    """
    backbone = extractor.backbone
    known = extractor.extract_cached(data.train.samples, ctx)
    scaler = FeatureScaler.fit(known, standardise=recipe.standardise, components=recipe.components)
    inputs = HeadInputs(extractor, scaler, arrange, recipe.length, ctx)
    x = inputs(data.train.samples)
    head = build_head(
        recipe.image_head if x.ndim == 2 else recipe.head,
        x.shape[-1],
        data.coding.num_outputs,
        width=recipe.width,
        blocks=recipe.blocks,
        dropout=recipe.dropout,
    )
    result = fit_head(head, x, inputs, data, recipe.head_training(), ctx, device)
    # The cost of a sample is that of its own frames, before they are resampled for the head.
    frames = 1 if x.ndim == 2 else round(float(np.mean([len(f) for f in known])))
    pooled = PooledBackbone(backbone, recipe.frame_pooling())
    blank = torch.zeros(1, 3, extractor.frames.side, extractor.frames.side, device=device)
    cost = frames * giga_multiply_adds(pooled, blank) + giga_multiply_adds(head, x[:1].to(device))
    ctx.report.update(
        regime="frozen",
        parameters=parameter_count(backbone, head),
        gflops=round(cost, 6),
        dtype=extractor.precision.dtype,
        batch_size=recipe.head_batch_size,
        **result.facts(),
    )
    return FeaturePredictor(inputs, head, data.coding, device, recipe.head_batch_size)


def finetuned(
    backbone: ImageBackbone, recipe: ImageRecipe, data: FitData, ctx: FitContext, device: torch.device
) -> StillPredictor:
    """Train backbone and head together on still images.

    Args:
        backbone: What to begin with; it stays as it is, since other tasks and splits begin with it too.
        recipe: Head, augmentation and optimisation.
        data: Labelled still images.
        ctx: Seed and cache; ``report`` receives the cost.
        device: Where to compute.
    """
    spec = recipe.frame_spec(1)
    # A copy, since fine-tuning changes weights that other tasks and splits begin with.
    features = PooledBackbone(deepcopy(backbone), recipe.frame_pooling())
    head = build_head(
        recipe.image_head,
        features.num_features(spec.side),
        data.coding.num_outputs,
        width=recipe.width,
        dropout=recipe.dropout,
    ).to(device)
    network = ImageClassifier(features, head)
    blank = torch.zeros(1, 3, spec.side, spec.side, device=device)
    cost = giga_multiply_adds(network, blank)
    result = finetune_network(
        network,
        labelled_stills(data.train, recipe.finetuning_spec(1), data.coding, device, ctx.cache),
        labelled_stills(data.val, spec, data.coding, device, ctx.cache),
        recipe.finetuning(),
        is_score=data.coding.is_score,
        augment=recipe.finetuning_augment(),
        seed=derive_seed(ctx.seed, "finetune"),
        device=device,
        progress=ctx.progress,
    )
    ctx.report.update(
        regime="finetune",
        parameters=parameter_count(network),
        gflops=round(cost, 6),
        dtype=Precision.default(device).dtype,
        batch_size=recipe.finetune_batch_size,
        **result.facts(),
    )
    read = partial(read_still, spec=spec)
    return StillPredictor(network, read, data.coding, device, recipe.finetune_batch_size, spec)


def restored(
    state: State,
    backbone: ImageBackbone,
    extractor: Callable[[ImageBackbone], FrameFeatureExtractor],
    arrange: Arrange,
    recipe: ImageRecipe,
    ctx: FitContext,
    device: torch.device,
) -> FeaturePredictor | StillPredictor:
    """What :func:`probed` or :func:`finetuned` returned.

    Args:
        state: Its state.
        backbone: Of the recipe's architecture, with any weights.
        extractor: Makes an extractor of a backbone.
        arrange: As for :func:`probed`.
        recipe: Its recipe.
        ctx: Its cache keeps features.
        device: Where to compute.

    Raises:
        DataError: The state is of another method.
    """
    coding, told = TargetCoding.restored(state.part("coding")), state.part("head")
    head = load_network(
        build_head(
            told.fact("kind"),
            told.fact("in_features"),
            coding.num_outputs,
            width=recipe.width,
            blocks=recipe.blocks,
            dropout=recipe.dropout,
        ),
        told,
    ).to(device)
    if "inputs" not in state.facts:
        features = PooledBackbone(backbone.restored(state.part("backbone")), recipe.frame_pooling())
        spec, network = recipe.frame_spec(1), ImageClassifier(features, head).to(device).eval()
        read = partial(read_still, spec=spec)
        return StillPredictor(network, read, coding, device, recipe.finetune_batch_size, spec)
    seen = state.part("inputs")
    scaler = rebuilt(seen.part("scaler"), FeatureScaler)
    made = extractor(backbone.restored(seen.part("backbone")))
    inputs = HeadInputs(made, scaler, arrange, recipe.length, ctx)
    return FeaturePredictor(inputs, head, coding, device, recipe.head_batch_size)


@dataclass(frozen=True)
class AlteredPredictor:
    """A predictor of altered samples.

    Attributes:
        predictor: The predictor.
        alter: What is done to every sample first.
    """

    predictor: Predictor
    alter: Callable[[Media], Media]

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.floating[Any]]:
        """Scores ``(n,)`` of samples."""
        return self.predictor.predict(altered_samples(samples, self.alter))

    def state(self) -> State:
        """That of the predictor."""
        return state_of(self.predictor)


def altered_samples(samples: Sequence[Sample], alter: Callable[[Media], Media]) -> tuple[Sample, ...]:
    """The samples with altered media."""
    return tuple(replace(sample, media=alter(sample.media)) for sample in samples)
