"""What all image methods do: a backbone from a source, then training on labels in one of two regimes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frames import frame_indices
from aqa_bench.learn.features.half_cycle import with_differences
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.methods.backbone_recipe import WITHOUT_WEIGHTS
from aqa_bench.learn.methods.image_recipe import ImagePoolRecipe, ImageRecipe
from aqa_bench.learn.methods.image_regimes import (
    AlteredPredictor,
    altered_samples,
    finetuned,
    probed,
    restored,
)
from aqa_bench.learn.methods.sources import Prepared, Source
from aqa_bench.learn.supervised.targets import FitData, TargetCoding
from aqa_bench.learn.training.device import deterministic, resolve_device

__all__ = ["ImageMethod", "check_pictures"]

ImageRecipeT = TypeVar("ImageRecipeT", bound=ImageRecipe)


class ImageMethod(Method[ImageRecipeT]):
    """Features of frames from a backbone, and a head trained on labels.

    Clips keep the backbone as it is: features of their frames, resampled to one length, go into the
    head. Still images do likewise, or train backbone and head end to end. A method says where its
    backbone comes from (:meth:`source`), and may say what is left of a clip (:meth:`altered`), and what a
    head sees of features (:meth:`arranged`).
    """

    def __init__(self, recipe: ImageRecipeT) -> None:
        super().__init__(recipe)
        self._source = self.source()

    @abstractmethod
    def source(self) -> Source[ImageBackbone]:
        """Where the backbone comes from: :class:`~aqa_bench.learn.methods.sources.Fixed` or Pretrained."""

    def build(self, seed: int) -> ImageBackbone:
        """The recipe's backbone with its initial weights; random ones are drawn from ``seed``.

        Raises:
            AqaBenchError: The weights are not on this machine.
        """
        from aqa_bench.learn.backbones.images import build_backbone

        recipe = self.recipe
        with deterministic(seed):
            return build_backbone(recipe.backbone, recipe.weights, sha256=recipe.weights_sha256)

    def altered(self, clip: Media) -> Media:
        """What is left of a clip, in training and tests alike; all of it by default."""
        return clip

    def arranged(
        self, sample: Sample, features: npt.NDArray[np.float32], extractor: FrameFeatureExtractor
    ) -> npt.NDArray[np.float32]:
        """Scaled features of one sample as the head takes them: as they are, or with half-cycle differences.

        Args:
            sample: Whose features they are.
            features: ``(T, D)``, or ``(D,)`` of a still image.
            extractor: Tells which frames they are of.
        """
        if features.ndim == 1 or not self.recipe.difference:
            return features
        indices = frame_indices(sample, extractor.frames)
        return with_differences(sample, features, indices, bandwidth=self.recipe.bandwidth)

    def check(self, samples: Sequence[Sample]) -> None:
        """Refuse samples that the method cannot judge, before any training.

        Raises:
            DataError: A sample cannot give what is needed.
        """
        check_pictures(samples)
        if self.recipe.difference:
            _check_trajectories(samples)

    def prepare(
        self, pool: Sequence[Sample], samples: Sequence[Sample], ctx: FitContext
    ) -> Mapping[str, Any]:
        """Pre-train on the pool; extract the features that a head will be trained on.

        Args:
            pool: Unlabelled clips.
            samples: Bare samples.
            ctx: Seeds, device and caches.

        Raises:
            DataError: The pool cannot be used, or samples have no pictures.
        """
        device = resolve_device(ctx.device)
        told = self._source.learn(self._frozen, pool, ctx, device) if pool else {}
        if samples and not (_is_still(samples[0]) and self.recipe.finetune):
            self.check(samples)
            seen = altered_samples(samples, self.altered) if self._alters else samples
            with deterministic(ctx.seed):
                extractor = self.extractor(
                    self.backbone(pool, ctx, device).backbone, self.recipe.frames, device
                )
                extractor.extract_cached(seen, ctx)
        return told

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Get the backbone, then train on labels.

        Args:
            train: Labelled samples; both classes for binary tasks.
            val: Chooses the epoch that is kept; may be empty.
            pool: Unlabelled clips, for methods that pre-train.
            ctx: Task, seeds, device and cache; ``report`` receives the cost and what was done.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: Samples have no pictures.
        """
        coding = TargetCoding.of(train, ctx, type(self).__name__)
        # Before the backbone, since a pre-training of hours should not end in a sample that cannot be read.
        self.check((*train.samples, *val.samples))
        data = FitData(self._seen(train), self._seen(val), coding)
        device = resolve_device(ctx.device)
        prepared = self.backbone(pool, ctx, device)
        backbone = prepared.backbone
        prepared.report(ctx.report)
        ctx.report.update(device=str(device), frozen_stages=backbone.frozen_stages)
        with deterministic(ctx.seed):
            if _is_still(data.train.samples[0]) and self.recipe.finetune:
                predictor: Predictor = finetuned(backbone, self.recipe, data, ctx, device)
            else:
                extractor = self.extractor(backbone, self.recipe.frames, device)
                predictor = probed(extractor, self.arranged, self.recipe, data, ctx, device)
        return AlteredPredictor(predictor, self.altered) if self._alters else predictor

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """Backbone and head, on the device of ``ctx``.

        Raises:
            DataError: The state is of another method or recipe.
        """
        device, recipe = resolve_device(ctx.device), self.recipe
        backbone = type(self)(recipe.model_copy(update=WITHOUT_WEIGHTS)).build(0)

        def extractor(made: ImageBackbone) -> FrameFeatureExtractor:
            return self.extractor(made, recipe.frames, device)

        predictor: Predictor = restored(state, backbone, extractor, self.arranged, recipe, ctx, device)
        return AlteredPredictor(predictor, self.altered) if self._alters else predictor

    def backbone(
        self, pool: Sequence[Sample], ctx: FitContext, device: torch.device
    ) -> Prepared[ImageBackbone]:
        """The backbone whose features are used, and what the record says of it.

        Args:
            pool: Unlabelled samples.
            ctx: Seeds and cache.
            device: Where to compute.
        """

        return self._source(self._frozen, pool, ctx, device)

    def extractor(
        self, backbone: ImageBackbone, frames: int | None, device: torch.device
    ) -> FrameFeatureExtractor:
        """What turns frames into the features that this method's head sees, before they are scaled.

        Args:
            backbone: From :meth:`backbone`.
            frames: Frames of a clip, spread evenly; all of them where None.
            device: Where to compute.
        """
        recipe = self.recipe
        return FrameFeatureExtractor(
            backbone,
            recipe.frame_spec(frames),
            device,
            pooling=recipe.frame_pooling(),
        )

    def _frozen(self, seed: int) -> ImageBackbone:
        backbone, recipe = self.build(seed), self.recipe
        return backbone.freeze(recipe.freeze) if isinstance(recipe, ImagePoolRecipe) else backbone

    @property
    def _alters(self) -> bool:
        # A method that alters nothing keeps its own media, and with them explanations and shared caches.
        return type(self).altered is not ImageMethod.altered

    def _seen(self, part: LabeledSet) -> LabeledSet:
        if not self._alters:
            return part
        return LabeledSet(altered_samples(part.samples, self.altered), part.targets)


def check_pictures(samples: Sequence[Sample]) -> None:
    """Refuse samples without pictures, and sets of clips and stills.

    Raises:
        DataError: The samples are not all clips, or all still images.
    """
    offered = [sample.media.provides for sample in samples]
    odd = next((o for o in offered if not o & {Modality.FRAMES, Modality.IMAGE}), None)
    stills = sum(_is_still(sample) for sample in samples)
    if odd is not None:
        raise DataError(
            "An image method needs pictures, but these samples have none.",
            expected=f"{Modality.FRAMES} or {Modality.IMAGE}",
            found=", ".join(sorted(odd)) or "nothing",
            remedy="Choose a method whose needs this dataset meets (aqa-bench list methods).",
        )
    if stills not in (0, len(samples)):
        raise DataError(
            "Some samples are still images and others are clips.",
            expected="samples of the same kind",
            found=f"{stills} still images of {len(samples)}",
        )


def _check_trajectories(samples: Sequence[Sample]) -> None:
    clips = [sample for sample in samples if not _is_still(sample)]
    if clips and not any(Modality.TRAJECTORY in sample.media.provides for sample in clips):
        raise DataError(
            "Half-cycles need the bar's trajectory, but no clip has one.",
            expected=f"clips that provide {Modality.TRAJECTORY}",
            found=", ".join(sorted(clips[0].media.provides)),
            remedy="Detect the barbell first (aqa-bench detector), or switch the differences off: --set "
            "difference=false",
        )


def _is_still(sample: Sample) -> bool:
    return Modality.FRAMES not in sample.media.provides
