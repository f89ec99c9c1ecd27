"""What all video methods do: a backbone on clips, trained end to end or probed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any, TypeVar

import torch

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.task import Modality
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.videos import VideoBackbone, build_video_backbone
from aqa_bench.learn.features.video_features import ClipFeatureExtractor
from aqa_bench.learn.features.video_spec import read_clip
from aqa_bench.learn.methods.video_probe import Labelled, probe
from aqa_bench.learn.methods.video_recipe import VideoRecipe
from aqa_bench.learn.supervised.finetuning import finetune_network
from aqa_bench.learn.supervised.predictors import NetworkPredictor
from aqa_bench.learn.supervised.targets import TargetCoding
from aqa_bench.learn.supervised.video_classifier import VideoClassifier, labelled_clips
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import Precision, deterministic, resolve_device
from aqa_bench.learn.training.loop import FitResult

__all__ = ["VideoMethod"]

VideoRecipeT = TypeVar("VideoRecipeT", bound=VideoRecipe)


class VideoMethod(Method[VideoRecipeT]):
    """A video backbone fine-tuned end to end, or frozen below a head.

    A method says where its backbone comes from.
    """

    @abstractmethod
    def backbone(
        self, labelled: Labelled, pool: Sequence[Sample], ctx: FitContext, device: torch.device
    ) -> tuple[VideoBackbone, dict[str, Any]]:
        """The backbone that goes on to be trained or probed, and facts for the record.

        Args:
            labelled: For methods that choose among their weights on val.
            pool: Unlabelled samples.
            ctx: Seeds and cache.
            device: Where to compute.
        """

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Get the backbone, then train on labels.

        Args:
            train: Labelled clips; both classes for binary tasks.
            val: Chooses the epoch that is kept; may be empty.
            pool: Unlabelled clips, for methods that pre-train.
            ctx: Task, seeds, device and cache; ``facts`` receives the cost and what was done.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: Samples are not clips.
        """
        labelled = Labelled(train, val, TargetCoding.of(train, ctx, type(self).__name__))
        _check_clips((*train.samples, *val.samples))
        device = resolve_device(ctx.device)
        backbone, facts = self.backbone(labelled, pool, ctx, device)
        with deterministic(ctx.seed):
            trained = self._finetuned if self.recipe.regime == "finetune" else self._probed
            predictor, result, cost = trained(backbone, labelled, ctx, device)
        ctx.facts.update(
            facts,
            regime=self.recipe.regime,
            **cost,
            device=str(device),
            **result.facts(),
        )
        return predictor

    def initial_backbone(self, seed: int) -> VideoBackbone:
        """The recipe's backbone with its initial weights; random ones are drawn from ``seed``.

        Raises:
            AqaBenchError: The weights are not at hand.
        """
        recipe = self.recipe
        with deterministic(seed):
            return build_video_backbone(recipe.backbone, recipe.weights, sha256=recipe.weights_sha256)

    def _finetuned(
        self, backbone: VideoBackbone, labelled: Labelled, ctx: FitContext, device: torch.device
    ) -> tuple[Predictor, FitResult, dict[str, Any]]:
        recipe = self.recipe
        spec = recipe.clip_spec()
        head = recipe.new_head(backbone.num_features, labelled.coding.num_outputs)
        # Other tasks and splits go on from the same backbone.
        network = VideoClassifier(deepcopy(backbone), head, spec.clips).to(device)
        blank = torch.zeros(1, spec.frames * spec.clips, 3, spec.side, spec.side, device=device)
        cost = {
            "parameters": parameter_count(network),
            "gflops": round(giga_multiply_adds(network, blank), 6),
            "dtype": Precision.default(device).dtype,
            "batch_size": recipe.finetune_batch_size,
        }
        coding = labelled.coding
        result = finetune_network(
            network,
            labelled_clips(labelled.train, spec, coding, device, ctx.cache),
            labelled_clips(labelled.val, spec, coding, device, ctx.cache),
            recipe.finetuning(),
            is_score=coding.is_score,
            augment=augmentation(recipe.finetune_augmentation, flip=0.0),
            seed=derive_seed(ctx.seed, "finetune"),
            device=device,
        )
        read = partial(read_clip, spec=spec)
        return NetworkPredictor(network, read, coding, device, recipe.finetune_batch_size), result, cost

    def _probed(
        self, backbone: VideoBackbone, labelled: Labelled, ctx: FitContext, device: torch.device
    ) -> tuple[Predictor, FitResult, dict[str, Any]]:
        recipe = self.recipe
        spec = recipe.clip_spec()
        extractor = ClipFeatureExtractor(backbone, spec, device)
        predictor, result = probe(recipe, extractor, labelled, ctx, device)
        cost = {
            "parameters": parameter_count(backbone, predictor.head),
            "gflops": round(spec.clips * backbone.gflops(spec.frames, spec.side), 6),
            "dtype": extractor.precision.dtype,
            "batch_size": recipe.head_batch_size,
        }
        return predictor, result, cost


def _check_clips(samples: Sequence[Sample]) -> None:
    odd = next((s.media.provides for s in samples if Modality.FRAMES not in s.media.provides), None)
    if odd is not None:
        raise DataError(
            "A video method needs clips, and some of these samples are none.",
            expected=Modality.FRAMES,
            found=", ".join(sorted(odd)) or "nothing",
            remedy="Choose a method whose needs this dataset meets (aqa-bench list methods).",
        )
