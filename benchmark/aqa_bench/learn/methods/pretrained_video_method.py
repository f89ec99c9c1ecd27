"""Video methods whose backbone learns from a pool without labels first."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, TypeVar

import torch

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.features.extractor import state_sha256
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.video_features import ClipFeatureExtractor
from aqa_bench.learn.methods.video_method import VideoMethod
from aqa_bench.learn.methods.video_probe import Labelled
from aqa_bench.learn.methods.video_recipe import VideoPretrainingRecipe
from aqa_bench.learn.methods.video_snapshots import best_snapshot
from aqa_bench.learn.pretraining.pool import divided, own_device, usable_clips
from aqa_bench.learn.pretraining.pool_training import PoolTraining
from aqa_bench.learn.pretraining.pretrain import pretrain
from aqa_bench.learn.pretraining.trained_weights import TrainedWeights
from aqa_bench.learn.pretraining.video_batches import ClipSampler
from aqa_bench.learn.pretraining.video_pretext import VideoTask, video_pretext

__all__ = ["PretrainedVideoMethod"]

VideoPretrainingRecipeT = TypeVar("VideoPretrainingRecipeT", bound=VideoPretrainingRecipe)
_log = logging.getLogger(__name__)


class PretrainedVideoMethod(VideoMethod[VideoPretrainingRecipeT]):
    """Pre-trains once for all tasks, splits and label seeds of a run.

    A method says what clips are made of the pool's (:meth:`sampler`) and what is learnt from them
    (:meth:`task`). Weights are kept in the cache by what they depend on: the pool's content and
    trajectories, the recipe's values, the number of the pre-training and the initial weights.

    Attributes:
        id: The method's id, which names its folder of weights.
        learns_from: What the pool is to the method, for the record.
    """

    id: ClassVar[str]
    learns_from: ClassVar[str] = "unlabelled clips"

    def __init__(self, recipe: VideoPretrainingRecipeT) -> None:
        super().__init__(recipe)
        self._known: dict[str, tuple[VideoBackbone, dict[str, Any]]] = {}

    @abstractmethod
    def sampler(self, pool: FrameIndex) -> ClipSampler:
        """What clips are made of the pool's; it also says which of those can be used.

        Args:
            pool: Frames of clips, with their trajectories.
        """

    @abstractmethod
    def task(self, backbone: VideoBackbone) -> VideoTask:
        """What is learnt; it draws initial weights from PyTorch's default generator.

        Args:
            backbone: The network to train, on its device.
        """

    def unit(self, clip: Sample) -> str:
        """Names what a clip stays together with where some of the pool only watch: itself alone.

        Args:
            clip: A usable clip.
        """
        return clip.media.content_key

    def annotations(self, clips: Sequence[Sample]) -> dict[str, Any]:
        """What the weights depend on besides content and trajectories of the clips, as plain JSON.

        Args:
            clips: The usable clips.
        """
        return {}

    def backbone(
        self, labelled: Labelled, pool: Sequence[Sample], ctx: FitContext, device: torch.device
    ) -> tuple[VideoBackbone, dict[str, Any]]:
        """The pre-trained backbone.

        Args:
            labelled: Where the epoch is chosen by a probe, what the probe learns from and is judged on.
            pool: Unlabelled samples; those that are no clips are left out.
            ctx: The run's seed, cache and progress.
            device: Where to compute.

        Raises:
            DataError: Fewer than two clips can be used.
            MethodError: The loss is not finite, or the GPU's memory is not enough.
        """
        device = own_device(device)
        recipe = self.recipe
        clips, dropped = usable_clips(
            pool, recipe.pool_spec(), self._usable, ctx, method=self.id, instead="kinetics"
        )
        learn, watched = divided(clips, recipe.held_out, self.unit)
        number = recipe.pretraining_seed(ctx.run_seed)
        training = PoolTraining(
            self.id, recipe.pretraining(), number, ctx.pool_dataset, learn, watched, dropped
        )
        seed = training.seed
        backbone = self.initial_backbone(derive_seed(seed, "backbone")).to(device)
        frames = FrameIndex(learn, recipe.pool_spec())
        weights = training.weights(ctx.cache, backbone, frames, device, self.annotations(clips))
        if weights.key not in self._known:
            facts = self._trained(backbone, frames, watched, weights, seed, ctx, device)
            if facts.get("collapsed"):
                _log.warning("The embeddings of %s have collapsed: its features say little.", self.id)
            facts |= training.facts(backbone.weights_name, self.learns_from)
            self._known = {weights.key: (backbone, facts)}
        backbone, facts = self._known[weights.key]
        if recipe.keep == "probe":
            backbone = deepcopy(backbone)
            snapshots = [weights.snapshot(epoch) for epoch in range(facts["pretraining_epochs"])]
            facts = facts | best_snapshot(backbone, snapshots, recipe, labelled, ctx, device)
        digest = state_sha256(backbone)[:12]
        return backbone, facts | {"weights": f"{backbone.weights_name}, then {self.id} (sha256 {digest})"}

    def _usable(self, pool: FrameIndex) -> tuple[Sequence[int], Mapping[str, int]]:
        sampler = self.sampler(pool)
        return sampler.usable.tolist(), sampler.dropped

    def _trained(
        self,
        backbone: VideoBackbone,
        frames: FrameIndex,
        watched: Sequence[Sample],
        weights: TrainedWeights,
        seed: int,
        ctx: FitContext,
        device: torch.device,
    ) -> dict[str, Any]:
        """Load or learn the weights, with a snapshot of every epoch where a probe is to choose."""
        recipe = self.recipe
        extractor = ClipFeatureExtractor(backbone, recipe.clip_spec(), device)
        snapshots = recipe.keep == "probe"
        initial = deepcopy(backbone.state_dict())

        def train() -> dict[str, Any]:
            backbone.load_state_dict(initial)
            return pretrain(
                lambda: video_pretext(
                    self.task(backbone),
                    self.sampler,
                    frames,
                    FrameIndex(watched, frames.spec) if watched else frames,
                    clip_frames=recipe.clip_frames,
                    seed=seed,
                    device=device,
                ),
                recipe,
                frames,
                watched,
                weights,
                seed=seed,
                device=device,
                cache=ctx.cache,
                progress=ctx.progress,
                name=self.id,
                after_epoch=(lambda epoch: _keep(extractor, weights, epoch)) if snapshots else None,
            )

        def complete(facts: Mapping[str, Any]) -> bool:
            # Weights may have been learnt before anyone asked for snapshots; the same training gives them.
            epochs = range(facts["pretraining_epochs"]) if snapshots else ()
            return all(weights.snapshot(epoch).is_file() for epoch in epochs)

        return weights.once(extractor, train, complete)


def _keep(extractor: ClipFeatureExtractor, weights: TrainedWeights, epoch: int) -> None:
    extractor.save(weights.snapshot(epoch))
