"""ST-GCN as a feature extractor for keypoint clips."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import LabeledSet, Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.extractor import FeatureExtractor
from aqa_bench.learn.training.device import deterministic

from .exercise_recognition import exercise_of, learn_exercises
from .kinetics_checkpoint import load_kinetics_checkpoint
from .logistic_stage import learn_form
from .recipe import STGCNRecipe
from .skeletons import LAYOUT, skeleton_input
from .stgcn import STGCN

__all__ = ["STGCNFeatures"]


class STGCNFeatures(FeatureExtractor[Sample]):
    """256 features of each clip.

    What the blocks before the trainable ones make of a clip is kept in memory, by the clip's content.

    Args:
        recipe: Preprocessing and architecture; ``weights`` are loaded where they are given.
        seed: Seed of the random weights.
        device: Where to compute.

    Attributes:
        pretext: How well exercises are recognised on clips kept aside; empty before the training.

    Raises:
        DataError: The checkpoint is missing, damaged or of another architecture.
    """

    def __init__(self, recipe: STGCNRecipe, seed: int, device: torch.device) -> None:
        self.recipe = recipe
        self.device = device
        self.pretext: dict[str, float] = {}
        with deterministic(seed):
            self._network = STGCN()
        if recipe.weights is not None:
            load_kinetics_checkpoint(self._network, recipe.weights)
        self._network.to(device).eval()
        self._start = self._network.depth - recipe.trainable_blocks
        self._kept: dict[str, Tensor] = {}

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

    def duplicate(self) -> STGCNFeatures:
        """An extractor with its own copy of the network, to be trained apart from this one."""
        other = copy.copy(self)
        other._network = copy.deepcopy(self._network)
        return other

    def _activations(self, samples: Sequence[Sample]) -> Tensor:
        """What the first trainable block is given, clip by clip so that no clip depends on another."""
        for sample in samples:
            key = sample.media.content_key
            if key not in self._kept:
                x = self._input(sample)[None].to(self.device)
                self._kept[key] = self._network.before(x, self._start)[0]
        return torch.stack([self._kept[sample.media.content_key] for sample in samples])

    def _input(self, sample: Sample) -> Tensor:
        keypoints = sample.media.keypoints(LAYOUT)
        return torch.from_numpy(
            skeleton_input(keypoints, self.recipe.frames, self.recipe.fit, self.recipe.torso)
        )
