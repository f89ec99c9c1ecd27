"""ST-GCN features with a One-Class SVM: the steps of the page that describes it, in its order.

Keypoints of a clip (``skeletons``) go through ST-GCN (``stgcn``) and become 256 features (``features``).
The network starts from Kinetics (``kinetics_checkpoint``) or, for want of it, from exercise recognition
(``exercise_recognition``). It is tuned with a logistic layer on form (``logistic_stage``), which is then
replaced by a One-Class SVM that sees good form only (``ocsvm``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.state import State
from aqa_bench.learn.features.extractor import load_state
from aqa_bench.learn.pretraining.pool import TrainedWeights, kept_weights
from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count
from aqa_bench.learn.training.device import resolve_device
from aqa_bench.learn.training.network_state import load_network, network_state

from .exercise_recognition import exercise_clips
from .features import STGCNFeatures
from .logistic_stage import logistic_labels
from .ocsvm import OneClassHead
from .recipe import STGCNRecipe, Variant

__all__ = ["OneClassPredictor", "STGCNOneClass"]

_FOLDER = "stgcn-ocsvm"
_RECOGNITION = "exercise recognition"
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

    def state(self) -> State:
        """Network and One-Class SVM."""
        return State.joined(features=network_state(self.features.module), head=self.head.state())


class STGCNOneClass(Method[STGCNRecipe]):
    """Initial weights, a logistic stage or none, then a One-Class SVM on the good training samples.

    Initial weights need no label of form: they are prepared, and the same for all splits that share a pool.

    Raises:
        RecipeError: The recipe starts from the Kinetics checkpoint, and no file of it is given.
    """

    def __init__(self, recipe: STGCNRecipe) -> None:
        super().__init__(recipe)
        if recipe.pretrain == "kinetics" and recipe.weights is None:
            raise _no_checkpoint()
        self._known: dict[str, tuple[STGCNFeatures, dict[str, Any]]] = {}

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
        labels = logistic_labels(self.recipe.variant, train, ctx)
        features = self._initial(pool, ctx)
        if labels is not None:
            features = self._tuned(features, labels, ctx)
        good = np.stack(features.extract(train.where(0.0).samples))
        head = OneClassHead(nu=self.recipe.nu, gamma=self.recipe.gamma).fit(good)
        self._report(features, labels, len(good), ctx)
        return OneClassPredictor(features, head)

    def restore(self, state: State, ctx: FitContext) -> OneClassPredictor:
        """Network and One-Class SVM, on the device of ``ctx``.

        Raises:
            DataError: The state is of another method.
        """
        recipe = self.recipe.model_copy(update={"weights": None})
        features = STGCNFeatures(recipe, 0, resolve_device(ctx.device), ctx)
        load_network(features.module, state.part("features"))
        return OneClassPredictor(features, OneClassHead.restored(state.part("head")))

    def prepare(self, pool: Sequence[Sample], samples: Sequence[Sample], ctx: FitContext) -> dict[str, Any]:
        """Learn to recognise exercises; keep what the blocks that are not trained make of clips.

        Args:
            pool: Clips of named exercises.
            samples: Bare samples.
            ctx: Seeds, device and caches.
        """
        if pool:
            weights, facts = self._learnt(pool, ctx)
            return {"key": weights, "facts": facts}
        if samples:
            self._initial(pool, ctx).keep(samples)
        return {}

    def _initial(self, pool: Sequence[Sample], ctx: FitContext) -> STGCNFeatures:
        """The network before it has seen a label of form."""
        if ctx.prepared:
            key, facts = ctx.prepared["key"], ctx.prepared["facts"]
        else:
            key, facts = self._learnt(pool, ctx)
        if key not in self._known:
            features = self._random(ctx)
            if facts["weights"] == _RECOGNITION:
                folders = [folder / _FOLDER for folder in ctx.places("weights")]
                load_state(features.module, kept_weights(folders, key))
            self._known = {key: (features, {})}
        features, _ = self._known[key]
        named_facts = {k: v for k, v in facts.items() if k in ("weights", "pretrained_on")}
        ctx.report.update(**named_facts)
        ctx.report.extras |= {k: v for k, v in facts.items() if k not in named_facts}
        return features

    def _random(self, ctx: FitContext) -> STGCNFeatures:
        seed = derive_seed("stgcn-ocsvm random", ctx.run_seed)
        return STGCNFeatures(self.recipe, seed, resolve_device(ctx.device), ctx)

    def _learnt(self, pool: Sequence[Sample], ctx: FitContext) -> tuple[str, dict[str, Any]]:
        """Initial weights, left in the cache where they were learnt: their key, and facts."""
        recipe, device = self.recipe, resolve_device(ctx.device)
        # Datasets of named exercises are named by them.
        judged = ctx.dataset.partition("@")[0].rpartition("/")[2]
        named = recipe.weights is None and recipe.pretrain == "exercise"
        clips = exercise_clips(pool, judged, recipe.pretrain_on) if named else []
        weights = _weights(
            ctx,
            what="exercises",
            clips=[[sample.media.content_key, name] for sample, name in clips],
            recipe=recipe.model_dump(mode="json", include=set(_PRETRAINING)),
            device=device.type,
        )
        features = self._random(ctx)
        facts: dict[str, Any] = {"weights": "random", "pretrained_on": "nothing"}
        if recipe.weights is not None:
            digest = sha256_file(recipe.weights)
            facts = {"weights": f"checkpoint {digest[:16]}", "pretrained_on": "Kinetics-Skeleton"}
        elif clips:
            facts = _pretrained(features, clips, weights, ctx)
        elif named:
            facts["pretext"] = "skipped: the pool does not name two exercises to tell apart"
        return weights.key, facts

    def _tuned(self, initial: STGCNFeatures, labels: LabeledSet, ctx: FitContext) -> STGCNFeatures:
        """A copy of the network after the logistic stage."""
        if self.recipe.variant is Variant.CLEAN:
            features = initial.duplicate()
            ctx.report.extras["logistic_loss"] = round(features.finetune(labels, ctx.seed), 6)
            return features
        weights = _weights(
            ctx,
            what="form, every label",
            initial=initial.weights_sha256,
            labels=sorted([sample.media.content_key, target] for sample, target in labels),
            recipe=self.recipe.model_dump(mode="json", include=set(_LOGISTIC)),
            device=initial.device.type,
        )
        if weights.key not in self._known:
            features = initial.duplicate()
            seed = derive_seed("stgcn-ocsvm leaky", ctx.dataset, ctx.task.id, ctx.run_seed)
            facts = weights.once(features.module, lambda: {"logistic_loss": features.finetune(labels, seed)})
            self._known[weights.key] = features, facts
        features, facts = self._known[weights.key]
        ctx.report.extras |= facts
        return features

    def _report(self, features: STGCNFeatures, labels: LabeledSet | None, good: int, ctx: FitContext) -> None:
        network = features.module
        logistic = 0 if labels is None else 2 * (network.num_features + 1)
        x = torch.zeros(1, 3, self.recipe.frames, network.n_joints, 1, device=features.device)
        ctx.report.update(
            parameters=parameter_count(network) + logistic,
            gflops=round(giga_multiply_adds(network, x), 6),
            dtype="float32",
            device=str(features.device),
            batch_size=self.recipe.batch_size,
        )
        ctx.report.extras |= {
            "logistic_samples": 0 if labels is None else len(labels),
            "one_class_samples": good,
        }


def _weights(ctx: FitContext, **identity: Any) -> TrainedWeights:
    """Where the weights of a training lie in the cache: the same for all splits of a run."""
    return TrainedWeights(ctx.cache / "weights" / _FOLDER, {**identity, "seed": ctx.run_seed})


def _pretrained(
    features: STGCNFeatures, clips: Sequence[tuple[Sample, str]], weights: TrainedWeights, ctx: FitContext
) -> dict[str, Any]:
    def learn() -> dict[str, Any]:
        features.pretrain([sample for sample, _ in clips], ctx)
        return features.pretext

    figures = weights.once(features.module, learn)
    exercises = ", ".join(sorted({name for _, name in clips}))
    return {
        "weights": _RECOGNITION,
        "pretrained_on": f"which of {exercises} {len(clips)} clips show; no form labels",
        **figures,
    }


def _no_checkpoint() -> RecipeError:
    return RecipeError(
        "This recipe needs ST-GCN's Kinetics weights, but no weight file was given.",
        where="stgcn-ocsvm, pretrain = kinetics",
        expected="--set weights=PATH, the file st_gcn.kinetics.pt that tools/get_models.sh of "
        "github.com/yysijie/st-gcn downloads",
        found="no weights",
        remedy="Pass the file, or choose recipe clean, frozen or leaky. They start from exercise "
        "recognition and need no download.",
    )
