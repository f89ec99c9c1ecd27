"""What all image methods do: features of frames, and a head on them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.task import Modality
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.images import ImageBackbone, build_backbone
from aqa_bench.learn.features.frames import Regions
from aqa_bench.learn.features.head_inputs import HeadInputs
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.features.scaling import FeatureScaler
from aqa_bench.learn.looking.attribution import Attribution
from aqa_bench.learn.looking.image_explanation import explain_features
from aqa_bench.learn.methods.image_recipe import ImageRecipe
from aqa_bench.learn.supervised.finetuning import finetune_network
from aqa_bench.learn.supervised.head_training import Examples, build_head, train_head
from aqa_bench.learn.supervised.image_classifier import (
    ImageClassifier,
    PooledBackbone,
    StillPredictor,
    labelled_stills,
    read_still,
)
from aqa_bench.learn.supervised.predictors import HeadPredictor
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import Precision, deterministic, resolve_device
from aqa_bench.learn.training.loop import FitResult

__all__ = ["FeaturePredictor", "ImageMethod", "check_pictures"]

ImageRecipeT = TypeVar("ImageRecipeT", bound=ImageRecipe)


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
        return explain_features(samples, reference, self.inputs, self.head, self.coding)


class ImageMethod(Method[ImageRecipeT]):
    """Features of frames from a backbone, and a head trained on labels.

    Clips keep the backbone as it is: features of their frames, resampled to one length, go into the
    head. Still images do likewise, or train backbone and head end to end. A method says where its
    backbone comes from, and may change features before the head sees them.
    """

    @abstractmethod
    def backbone(
        self, pool: Sequence[Sample], ctx: FitContext, device: torch.device
    ) -> tuple[ImageBackbone, dict[str, Any]]:
        """The backbone whose features are used, and facts for the record.

        Args:
            pool: Unlabelled samples.
            ctx: Seeds and cache.
            device: Where to compute.
        """

    def regions(self) -> Regions | None:
        """Where in the frames to look; everywhere where None."""
        return None

    def arranged(
        self, sample: Sample, features: npt.NDArray[np.float32], extractor: FrameFeatureExtractor
    ) -> npt.NDArray[np.float32]:
        """Scaled features of one sample as the head takes them; as they are by default.

        Args:
            sample: Whose features they are.
            features: ``(T, D)``, or ``(D,)`` of a still image.
            extractor: Tells which frames they are of.
        """
        return features

    def check(self, samples: Sequence[Sample]) -> None:
        """Refuse samples that the method cannot judge, before any training.

        Raises:
            DataError: A sample cannot give what is needed.
        """
        check_pictures(samples)

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Get the backbone, then train on labels.

        Args:
            train: Labelled samples; both classes for binary tasks.
            val: Chooses the epoch that is kept; may be empty.
            pool: Unlabelled clips, for methods that pre-train.
            ctx: Task, seeds, device and cache; ``facts`` receives the cost and what was done.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: Samples have no pictures.
        """
        coding = TargetCoding.of(train, ctx, type(self).__name__)
        self.check((*train.samples, *val.samples))
        device = resolve_device(ctx.device)
        backbone, facts = self.backbone(pool, ctx, device)
        ctx.facts.update(facts)
        still = _is_still(train.samples[0])
        with deterministic(ctx.seed):
            if still and self.recipe.finetune:
                predictor, result = self._finetuned(backbone, train, val, coding, ctx, device)
            else:
                predictor, result = self._probed(backbone, train, val, coding, ctx, device)
        ctx.facts.update(
            device=str(device),
            **result.facts(),
            frozen_stages=backbone.frozen_stages,
        )
        return predictor

    def initial_backbone(self, seed: int) -> ImageBackbone:
        """The recipe's backbone with its initial weights; random ones are drawn from ``seed``.

        Raises:
            AqaBenchError: The weights are not at hand.
        """
        recipe = self.recipe
        with deterministic(seed):
            return build_backbone(recipe.backbone, recipe.weights, sha256=recipe.weights_sha256)

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
            regions=self.regions(),
        )

    def _probed(
        self,
        backbone: ImageBackbone,
        train: LabeledSet,
        val: LabeledSet,
        coding: TargetCoding,
        ctx: FitContext,
        device: torch.device,
    ) -> tuple[Predictor, FitResult]:
        recipe = self.recipe
        extractor = self.extractor(backbone, recipe.frames, device)
        known = extractor.extract_cached(train.samples, ctx)
        scaler = FeatureScaler.fit(known, standardise=recipe.standardise, components=recipe.components)
        inputs = HeadInputs(extractor, scaler, self.arranged, recipe.length, ctx)
        x = inputs(train.samples)
        judged = inputs(val.samples) if len(val) else x[:0]
        head = build_head(
            recipe.image_head if x.ndim == 2 else recipe.head,
            x.shape[-1],
            coding.num_outputs,
            width=recipe.width,
            blocks=recipe.blocks,
            dropout=recipe.dropout,
        )
        result = train_head(
            head,
            Examples(x, coding.encode(train.targets)),
            Examples(judged, coding.encode(val.targets)),
            recipe.head_training(),
            is_score=coding.is_score,
            seed=derive_seed(ctx.seed, "head"),
            device=device,
        )
        frames = 1 if x.ndim == 2 else round(float(np.mean([len(f) for f in known])))
        pooled = PooledBackbone(backbone, recipe.frame_pooling())
        blank = torch.zeros(1, 3, extractor.frames.side, extractor.frames.side, device=device)
        cost = frames * giga_multiply_adds(pooled, blank) + giga_multiply_adds(head, x[:1].to(device))
        ctx.facts.update(
            regime="frozen",
            parameters=parameter_count(backbone, head),
            gflops=round(cost, 6),
            dtype=extractor.precision.dtype,
            batch_size=recipe.head_batch_size,
        )
        return FeaturePredictor(inputs, head, coding, device, recipe.head_batch_size), result

    def _finetuned(
        self,
        backbone: ImageBackbone,
        train: LabeledSet,
        val: LabeledSet,
        coding: TargetCoding,
        ctx: FitContext,
        device: torch.device,
    ) -> tuple[Predictor, FitResult]:
        recipe = self.recipe
        spec = recipe.frame_spec(1)
        # Other tasks and splits go on from the same backbone.
        features = PooledBackbone(deepcopy(backbone), recipe.frame_pooling())
        head = build_head(
            recipe.image_head,
            features.num_features(spec.side),
            coding.num_outputs,
            width=recipe.width,
            dropout=recipe.dropout,
        ).to(device)
        network = ImageClassifier(features, head)
        blank = torch.zeros(1, 3, spec.side, spec.side, device=device)
        cost = giga_multiply_adds(network, blank)
        result = finetune_network(
            network,
            labelled_stills(train, spec, coding, device, ctx.cache),
            labelled_stills(val, spec, coding, device, ctx.cache),
            recipe.finetuning(),
            is_score=coding.is_score,
            augment=augmentation(recipe.finetune_augmentation),
            seed=derive_seed(ctx.seed, "finetune"),
            device=device,
        )
        ctx.facts.update(
            regime="finetune",
            parameters=parameter_count(network),
            gflops=round(cost, 6),
            dtype=Precision.default(device).dtype,
            batch_size=recipe.finetune_batch_size,
        )
        read = partial(read_still, spec=spec)
        return StillPredictor(network, read, coding, device, recipe.finetune_batch_size, spec), result


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
            "An image method needs pictures, and these samples have none.",
            expected=f"{Modality.FRAMES} or {Modality.IMAGE}",
            found=", ".join(sorted(odd)) or "nothing",
            remedy="Choose a method whose needs this dataset meets (aqa-bench list methods).",
        )
    if stills not in (0, len(samples)):
        raise DataError(
            "Some samples are still images and others are clips.",
            expected="samples of one kind",
            found=f"{stills} still images of {len(samples)}",
        )


def _is_still(sample: Sample) -> bool:
    return Modality.FRAMES not in sample.media.provides
