"""What all video methods do: a backbone from a source, then trained end to end or probed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aqa_bench.core.errors import DataError
from aqa_bench.core.method import FitContext, Method, Predictor
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.state import State
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.extractor import load_state
from aqa_bench.learn.features.video_features import ClipFeatureExtractor
from aqa_bench.learn.methods.backbone_recipe import WITHOUT_WEIGHTS
from aqa_bench.learn.methods.sources import Source
from aqa_bench.learn.methods.video_recipe import VideoPoolRecipe, VideoRecipe
from aqa_bench.learn.methods.video_regimes import best_snapshot, finetuned, probed, restored
from aqa_bench.learn.supervised.targets import FitData, TargetCoding
from aqa_bench.learn.training.device import deterministic, resolve_device

__all__ = ["VideoMethod"]

VideoRecipeT = TypeVar("VideoRecipeT", bound=VideoRecipe)


class VideoMethod(Method[VideoRecipeT]):
    """A video backbone fine-tuned end to end, or frozen below a head.

    A method says where its backbone comes from (:meth:`source`).
    """

    def __init__(self, recipe: VideoRecipeT) -> None:
        super().__init__(recipe)
        self._source = self.source()

    @abstractmethod
    def source(self) -> Source[VideoBackbone]:
        """Where the backbone comes from: :class:`~aqa_bench.learn.methods.sources.Fixed` or Pretrained."""

    def build(self, seed: int) -> VideoBackbone:
        """The recipe's backbone with its initial weights; random ones are drawn from ``seed``.

        Raises:
            AqaBenchError: The weights are not on this machine.
        """
        from aqa_bench.learn.backbones.videos import build_video_backbone

        recipe = self.recipe
        with deterministic(seed):
            return build_video_backbone(recipe.backbone, recipe.weights, sha256=recipe.weights_sha256)

    def prepare(
        self, pool: Sequence[Sample], samples: Sequence[Sample], ctx: FitContext
    ) -> Mapping[str, Any]:
        """Pre-train on the pool; extract what a head, or the choice of an epoch, will need.

        Args:
            pool: Unlabelled clips.
            samples: Bare samples.
            ctx: Seeds, device and caches.

        Raises:
            DataError: The pool cannot be used, or samples are not clips.
        """
        device, recipe = resolve_device(ctx.device), self.recipe
        told = self._source.learn(self.build, pool, ctx, device, snapshots=self._probes) if pool else {}
        if samples and (self._probes or recipe.regime != "finetune"):
            _check_clips(samples)

            def extract(backbone: VideoBackbone) -> None:
                ClipFeatureExtractor(backbone, recipe.clip_spec(), device).extract_cached(samples, ctx)

            def extract_all(backbone: VideoBackbone, snapshots: Sequence[Path]) -> dict[str, Any]:
                for path in snapshots:
                    load_state(backbone, path)
                    extract(backbone)
                return {}

            with deterministic(ctx.seed):
                choose = extract_all if self._probes else None
                prepared = self._source(self.build, pool, ctx, device, choose)
                if choose is None:
                    extract(prepared.backbone)
        return told

    def fit(self, train: LabeledSet, val: LabeledSet, pool: Sequence[Sample], ctx: FitContext) -> Predictor:
        """Get the backbone, then train on labels.

        Args:
            train: Labelled clips; both classes for binary tasks.
            val: Chooses the epoch that is kept; may be empty.
            pool: Unlabelled clips, for methods that pre-train.
            ctx: Task, seeds, device and cache; ``report`` receives the cost and what was done.

        Raises:
            MethodError: All training samples are of one class, or there is only one.
            DataError: Samples are not clips.
        """
        recipe = self.recipe
        data = FitData(train, val, TargetCoding.of(train, ctx, type(self).__name__))
        _check_clips((*train.samples, *val.samples))
        device = resolve_device(ctx.device)
        choose = (
            partial(best_snapshot, recipe=recipe, data=data, ctx=ctx, device=device) if self._probes else None
        )
        prepared = self._source(self.build, pool, ctx, device, choose)
        prepared.report(ctx.report)
        ctx.report.update(device=str(device), regime=recipe.regime)
        train_on_labels = finetuned if recipe.regime == "finetune" else probed
        with deterministic(ctx.seed):
            return train_on_labels(prepared.backbone, recipe, data, ctx, device)

    def restore(self, state: State, ctx: FitContext) -> Predictor:
        """Backbone and head, on the device of ``ctx``.

        Raises:
            DataError: The state is of another method or recipe.
        """
        backbone = type(self)(self.recipe.model_copy(update=WITHOUT_WEIGHTS)).build(0)
        return restored(state, backbone, self.recipe, ctx, resolve_device(ctx.device))

    @property
    def _probes(self) -> bool:
        return isinstance(self.recipe, VideoPoolRecipe) and self.recipe.keep == "probe"


def _check_clips(samples: Sequence[Sample]) -> None:
    odd = next((s.media.provides for s in samples if Modality.FRAMES not in s.media.provides), None)
    if odd is not None:
        raise DataError(
            "A video method needs clips, but some of these samples are not clips.",
            expected=Modality.FRAMES,
            found=", ".join(sorted(odd)) or "nothing",
            remedy="Choose a method whose needs this dataset meets (aqa-bench list methods).",
        )
