"""ST-GCN features with a One-Class SVM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from aqa_bench.core.errors import MethodError
from aqa_bench.core.files import canonical_json, sha256_bytes, sha256_file
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import resolve_device

from .extractor import STGCNFeatures
from .ocsvm import OneClassHead
from .pool import exercise_clips, exercise_of
from .recipe import STGCNRecipe, Variant
from .weights import trained_once

__all__ = ["OneClassPredictor", "STGCNOneClass"]

_PRETRAINING = ("pretrain_epochs", "pretrain_lr", "frames", "fit", "torso", "batch_size")
_LOGISTIC = (
    *("frames", "fit", "torso", "batch_size"),
    *("trainable_blocks", "epochs", "head_lr", "body_lr", "freeze_bn"),
)


@dataclass(frozen=True)
class OneClassPredictor:
    """An extractor with a One-Class SVM fitted on its features of correct form.

    Attributes:
        features: The extractor.
        head: The One-Class SVM.
    """

    features: STGCNFeatures
    head: OneClassHead

    def predict(self, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
        """Scores in [0, 1], above 0.5 outside the SVM's boundary: ``(n,)`` float64."""
        if not samples:
            return np.empty(0)
        return self.head.score(np.stack(self.features.extract(samples)))


class STGCNOneClass(Method[STGCNRecipe]):
    """Initial weights, a logistic stage or none, then a One-Class SVM on the good training samples.

    Initial weights and the leaky logistic stage are the same for all splits of a run; they are kept in
    memory between splits and in the cache between runs.
    """

    def __init__(self, recipe: STGCNRecipe) -> None:
        super().__init__(recipe)
        self._known: dict[str, tuple[STGCNFeatures, dict[str, str], dict[str, Any]]] = {}

    def fit(
        self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext
    ) -> OneClassPredictor:
        """Fit features and One-Class SVM.

        Args:
            train: Labelled samples; the One-Class SVM sees the good ones only.
            val: Not used.
            pool: Clips of named exercises for the initial weights.
            ctx: Seeds, device, cache and leaked labels; ``report`` receives what was done.

        Raises:
            MethodError: The scheme does not give the labels that the variant needs.
            DataError: The checkpoint cannot be used.
        """
        labeled = self._labels(train, ctx)
        device = resolve_device(ctx.device)
        initial, weights, extras = self._initial(train, pool, ctx, device)
        ctx.report.update(**weights)
        ctx.report.extras |= extras
        features = initial
        if labeled is not None and self.recipe.variant is Variant.LEAKY:
            features = self._leaky(initial, labeled, ctx)
        elif labeled is not None:
            features = initial.duplicate()
            ctx.report.extras["logistic_loss"] = round(features.finetune(labeled, ctx.seed), 6)
        good = np.stack(features.extract(train.where(0.0).samples))
        head = OneClassHead(nu=self.recipe.nu, gamma=self.recipe.gamma).fit(good)
        network = features.module
        logistic = 0 if labeled is None else 2 * (network.num_features + 1)
        x = torch.zeros(1, 3, self.recipe.frames, network.n_joints, 1, device=device)
        ctx.report.update(
            parameters=parameter_count(network) + logistic,
            gflops=round(giga_multiply_adds(network, x), 6),
            dtype="float32",
            device=str(device),
            batch_size=self.recipe.batch_size,
        )
        ctx.report.extras |= {
            "logistic_samples": 0 if labeled is None else len(labeled),
            "one_class_samples": len(good),
        }
        return OneClassPredictor(features, head)

    def _labels(self, train: LabeledSet, ctx: FitContext) -> LabeledSet | None:
        """What the logistic stage learns from; None where there is none."""
        variant = self.recipe.variant
        if len(train.where(0.0)) < 2:
            raise _wrong_scheme(variant, ctx, "at least two good training samples", "one-class")
        if variant is Variant.FROZEN:
            return None
        if variant is Variant.LEAKY:
            if ctx.leaked is None:
                raise _wrong_scheme(variant, ctx, "a scheme that leaks every label", "one-class-leaky")
            return ctx.leaked
        if not len(train.where(1.0)):
            raise _wrong_scheme(variant, ctx, "bad samples in train beside the good ones", "one-class-clean")
        return train

    def _initial(
        self, train: LabeledSet, pool: Sequence[Sample], ctx: FitContext, device: torch.device
    ) -> tuple[STGCNFeatures, dict[str, str], dict[str, Any]]:
        recipe = self.recipe
        judged = exercise_of(train.samples[0])
        clips = exercise_clips(pool, judged, recipe.pretrain_on)
        if recipe.weights is not None or recipe.pretrain == "none":
            clips = []
        identity = {
            "what": "exercises",
            "clips": [[sample.media.content_key, name] for sample, name in clips],
            "recipe": recipe.model_dump(mode="json", include=set(_PRETRAINING)),
            "seed": ctx.run_seed,
            "device": device.type,
        }
        key = sha256_bytes(canonical_json(identity).encode())
        if key in self._known:
            return self._known[key]
        extractor = STGCNFeatures(recipe, derive_seed("stgcn-ocsvm random", ctx.run_seed), device)
        weights = {"weights": "random", "pretrained_on": "nothing"}
        extras: dict[str, Any] = {}
        if recipe.weights is not None:
            digest = sha256_file(recipe.weights)
            weights = {"weights": f"checkpoint {digest[:16]}", "pretrained_on": "Kinetics-Skeleton"}
        elif clips:
            exercises = sorted({name for _, name in clips})
            samples = [sample for sample, _ in clips]

            def pretrain() -> float | None:
                extractor.pretrain(samples, ctx)
                return extractor.pretext_accuracy

            accuracy = trained_once(extractor, identity, ctx.cache, pretrain)

            weights = {
                "weights": "exercise recognition",
                "pretrained_on": f"which of {', '.join(exercises)} {len(clips)} clips show; no form labels",
            }
            extras["pretext_accuracy"] = None if accuracy is None else round(accuracy, 6)
        elif recipe.pretrain == "exercise":
            extras["pretext"] = "skipped: the pool does not name two exercises to tell apart"
        self._known = {key: (extractor, weights, extras)}
        return self._known[key]

    def _leaky(self, initial: STGCNFeatures, leaked: LabeledSet, ctx: FitContext) -> STGCNFeatures:
        identity = {
            "what": "form, every label",
            "initial": initial.weights_sha256,
            "labels": sorted([sample.media.content_key, target] for sample, target in leaked),
            "recipe": self.recipe.model_dump(mode="json", include=set(_LOGISTIC)),
            "seed": ctx.run_seed,
            "device": initial.device.type,
        }
        key = sha256_bytes(canonical_json(identity).encode())
        if key not in self._known:
            features = initial.duplicate()
            seed = derive_seed("stgcn-ocsvm leaky", ctx.dataset, ctx.task.id, ctx.run_seed)
            loss = trained_once(features, identity, ctx.cache, lambda: features.finetune(leaked, seed))
            self._known[key] = features, {}, {"logistic_loss": loss}
        features, _, extras = self._known[key]
        ctx.report.extras |= extras
        return features


def _wrong_scheme(variant: Variant, ctx: FitContext, expected: str, scheme: str) -> MethodError:
    return MethodError(
        f"Variant {variant.value!r} of stgcn-ocsvm cannot be trained under this scheme.",
        where=f"{ctx.dataset} {ctx.task.id}, {ctx.split}",
        expected=expected,
        found="none",
        remedy=f"Use --scheme {scheme}, or the recipe that goes with the scheme.",
    )
