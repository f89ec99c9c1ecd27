"""ST-GCN as a feature extractor for keypoint clips."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.extractor import FeatureExtractor, extract_once, state_sha256
from aqa_bench.learn.training.device import deterministic

from .exercise_recognition import exercise_of, learn_exercises
from .kinetics_checkpoint import load_kinetics_checkpoint
from .logistic_stage import learn_form
from .recipe import STGCNRecipe
from .skeletons import LAYOUT, skeleton_input
from .stgcn import STGCN

__all__ = ["STGCNFeatures"]

_SHAPING = ("frames", "fit", "torso")


class STGCNFeatures(FeatureExtractor[Sample]):
    """256 features of each clip.

    What the blocks before the trainable ones make of a clip is kept in memory, by the clip's content.

    Args:
        recipe: Preprocessing and architecture; ``weights`` are loaded where they are given.
        seed: Seed of the random weights.
        device: Where to compute.
        ctx: Its caches keep what the blocks before the trainable ones make of a clip.

    Attributes:
        pretext: How well exercises are recognised on clips kept aside; empty before the training.

    Raises:
        DataError: The checkpoint is missing, damaged or of another architecture.
    """

    def __init__(
        self, recipe: STGCNRecipe, seed: int, device: torch.device, ctx: FitContext | None = None
    ) -> None:
        self.recipe = recipe
        self.device = device
        self._ctx = ctx
        self.pretext: dict[str, float] = {}
        with deterministic(seed):
            self._network = STGCN()
        if recipe.weights is not None:
            load_kinetics_checkpoint(self._network, recipe.weights)
        self._network.to(device).eval()
        self._start = self._network.depth - recipe.trainable_blocks
        self._kept: dict[str, Tensor] = {}
        self._sha256: str | None = None

    @property
    def module(self) -> STGCN:
        """The network, in evaluation mode."""
        return self._network

    def pretrain(self, pool: Sequence[Sample], ctx: FitContext) -> None:
        """Learn to recognise the exercise that the clips' attributes name.

        Args:
            pool: Clips of at least two exercises.
            ctx: Its ``run_seed`` seeds the training.
        """
        self.pretext = learn_exercises(
            self._network,
            torch.stack([self._input(sample) for sample in pool]),
            [exercise_of(sample) or "" for sample in pool],
            [sample.group for sample in pool],
            self.recipe,
            seed=derive_seed("stgcn-ocsvm exercises", ctx.run_seed),
            device=self.device,
        )
        self._kept.clear()
        self._sha256 = None

    def finetune(self, labelled: LabeledSet, seed: int) -> float:
        """Learn to tell good form from bad, in the last blocks only.

        Args:
            labelled: Samples of both classes; 1 = error.
            seed: Seed of the training.

        Returns:
            Mean loss of the last epoch.
        """
        targets = torch.from_numpy(labelled.targets).long()
        x = self._activations(labelled.samples)
        return learn_form(self._network, x, targets, self.recipe, seed=seed, device=self.device)

    def extract(self, samples: Sequence[Sample]) -> list[NDArray[np.float32]]:
        """Features ``(256,)`` of each clip."""
        if not samples:
            return []
        parts = torch.split(self._activations(samples), self.recipe.batch_size)
        with torch.inference_mode():
            features = torch.cat([self._network.pooled(part, self._start) for part in parts])
        return list(features.float().cpu().numpy())

    def keep(self, samples: Sequence[Sample]) -> None:
        """Have what comes before the trainable blocks in the cache."""
        self._activations(samples)

    def duplicate(self) -> STGCNFeatures:
        """An extractor with its own copy of the network, to be trained apart from this one."""
        other = copy.copy(self)
        other._network = copy.deepcopy(self._network)
        return other

    def _activations(self, samples: Sequence[Sample]) -> Tensor:
        """What the first trainable block is given, clip by clip so that no clip depends on another."""
        missing = [sample for sample in samples if sample.media.content_key not in self._kept]
        if missing and self._ctx is not None:
            document = {"stgcn": [self._start, *(getattr(self.recipe, name) for name in _SHAPING)]}
            found = extract_once(missing, self._ctx, self._before_sha256, document, self._stream)
        else:
            found = list(self._stream(missing))
        for sample, kept in zip(missing, found, strict=True):
            self._kept[sample.media.content_key] = torch.from_numpy(kept).to(self.device)
        return torch.stack([self._kept[sample.media.content_key] for sample in samples])

    def _stream(self, samples: Sequence[Sample]) -> Iterator[NDArray[np.float32]]:
        for sample in samples:
            x = self._input(sample)[None].to(self.device)
            yield self._network.before(x, self._start)[0].detach().float().cpu().numpy()

    @property
    def _before_sha256(self) -> str:
        # Kept: a training of the last blocks changes the network, and nothing that comes before them.
        if self._sha256 is None:
            self._sha256 = f"{state_sha256(self._network)} {self.device.type}"
        return self._sha256

    def _input(self, sample: Sample) -> Tensor:
        keypoints = sample.media.keypoints(LAYOUT)
        return torch.from_numpy(
            skeleton_input(keypoints, self.recipe.frames, self.recipe.fit, self.recipe.torso)
        )
