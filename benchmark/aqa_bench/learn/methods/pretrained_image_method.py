"""Image methods whose backbone learns from a pool without labels first."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.image_features import FrameFeatureExtractor
from aqa_bench.learn.methods.image_method import ImageMethod
from aqa_bench.learn.methods.image_recipe import PretrainingRecipe
from aqa_bench.learn.pretraining.pool import divided, own_device, usable_clips
from aqa_bench.learn.pretraining.pool_training import PoolTraining
from aqa_bench.learn.pretraining.pretext import Pretext
from aqa_bench.learn.pretraining.pretrain import pretrain

__all__ = ["PretrainedImageMethod"]

PretrainingRecipeT = TypeVar("PretrainingRecipeT", bound=PretrainingRecipe)
_log = logging.getLogger(__name__)


class PretrainedImageMethod(ImageMethod[PretrainingRecipeT]):
    """Pre-trains once for all tasks, splits and label seeds of a run.

    Weights are kept in the cache by what they depend on: the pool's content and trajectories, the
    recipe's values, the number of the pre-training and the initial weights.

    Attributes:
        id: The method's id, which names its folder of weights.
    """

    id: ClassVar[str]

    def __init__(self, recipe: PretrainingRecipeT) -> None:
        super().__init__(recipe)
        self._known: dict[str, tuple[ImageBackbone, dict[str, Any]]] = {}

    @abstractmethod
    def pretext(self, backbone: ImageBackbone, pool: FrameIndex, seed: int) -> Pretext:
        """What is learnt from the pool; it draws initial weights from PyTorch's default generator.

        Args:
            backbone: The network to train, on its device.
            pool: Clips that can be used.
            seed: Seed of batches.

        Raises:
            DataError: The pool cannot be used.
        """

    def usable(self, pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        """Numbers of the clips that can be used, and how many cannot, by reason."""
        return range(len(pool)), {}

    def backbone(
        self, pool: Sequence[Sample], ctx: FitContext, device: torch.device
    ) -> tuple[ImageBackbone, dict[str, Any]]:
        """The pre-trained backbone.

        Args:
            pool: Unlabelled samples; those that are no clips are left out.
            ctx: The run's seed, cache and progress.
            device: Where to compute.

        Raises:
            DataError: Fewer than two clips can be used.
            MethodError: The loss is not finite, or the GPU's memory is not enough.
        """
        device = own_device(device)
        recipe = self.recipe
        spec = recipe.frame_spec(recipe.pool_frames)
        clips, dropped = usable_clips(pool, spec, self.usable, ctx, method=self.id, instead="imagenet")
        learn, watched = divided(clips, recipe.held_out)
        number = recipe.pretraining_seed(ctx.run_seed)
        training = PoolTraining(
            self.id, recipe.pretraining(), number, ctx.pool_dataset, learn, watched, dropped
        )
        seed = training.seed
        backbone = self.initial_backbone(derive_seed(seed, "backbone")).to(device).freeze(recipe.freeze)
        frames = FrameIndex(learn, spec)
        weights = training.weights(ctx.cache, backbone, frames, device)
        if weights.key in self._known:
            return self._known[weights.key]
        extractor = FrameFeatureExtractor(backbone, recipe.frame_spec(recipe.frames), device)
        facts = weights.once(
            extractor,
            lambda: pretrain(
                lambda: self.pretext(backbone, frames, seed),
                recipe,
                frames,
                watched,
                weights,
                seed=seed,
                device=device,
                cache=ctx.cache,
                progress=ctx.progress,
                name=self.id,
            ),
        )
        if facts.get("collapsed"):
            _log.warning("The embeddings of %s have collapsed: its features say little.", self.id)
        start = backbone.weights_name
        facts |= training.facts(start)
        facts["weights"] = f"{start}, then {self.id} (sha256 {extractor.weights_sha256[:12]})"
        self._known = {weights.key: (backbone, facts)}
        return self._known[weights.key]
