"""What a pre-training is known by: in the cache, and in the record."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.sample import Sample
from aqa_bench.core.seeds import derive_seed
from aqa_bench.learn.features.extractor import state_sha256
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.trained_weights import TrainedWeights

__all__ = ["PoolTraining"]


@dataclass(frozen=True)
class PoolTraining:
    """One pre-training of a method on a pool.

    Attributes:
        method: The method's id, which names its folder of weights.
        recipe: The hyper-parameters that the weights depend on, as plain JSON.
        number: Number of the pre-training.
        dataset: Name of the pool's dataset.
        learn: Clips to learn from.
        watched: Clips that only watch.
        dropped: How many samples of the pool are left out, by reason.
    """

    method: str
    recipe: Mapping[str, Any]
    number: int
    dataset: str
    learn: Sequence[Sample]
    watched: Sequence[Sample]
    dropped: Mapping[str, int]

    @property
    def seed(self) -> int:
        """Seed of everything that is drawn."""
        return derive_seed(self.method, canonical_json(dict(self.recipe)), self.dataset, self.number)

    def weights(
        self,
        cache: Path,
        initial: nn.Module,
        frames: FrameIndex,
        device: torch.device,
        annotations: Mapping[str, Any] | None = None,
    ) -> TrainedWeights:
        """Where the weights lie: by the clips' content and trajectories, recipe, seed and initial weights.

        Args:
            cache: The run's cache.
            initial: The network before the training.
            frames: Of the clips that are learnt from.
            device: Where it computes.
            annotations: What else the weights depend on, as plain JSON.
        """
        identity = {
            "method": self.method,
            "clips": [sample.media.content_key for sample in self.learn],
            "watched": [sample.media.content_key for sample in self.watched],
            "trajectories": sha256_bytes(b"\x1f".join(e.tobytes() for e in frames.elevations())),
            **(annotations or {}),
            "recipe": dict(self.recipe),
            "seed": self.seed,
            "initial": state_sha256(initial),
            "device": device.type,
            "processes": os.environ.get("WORLD_SIZE", "1"),
        }
        return TrainedWeights(cache / "weights" / self.method, identity)

    def facts(self, start: str, learns_from: str = "unlabelled clips") -> dict[str, Any]:
        """What the record says of it.

        Args:
            start: Name of the initial weights.
            learns_from: What the pool is to the method.
        """
        before = "" if start == "random" else f"{start.partition(',')[0]}; "
        return {
            "pretrained_on": f"{before}{len(self.learn)} {learns_from} of {self.dataset}",
            "pretraining_seed": self.number,
            "pretraining_clips": len(self.learn),
            "pretraining_clips_dropped": dict(self.dropped),
        }
