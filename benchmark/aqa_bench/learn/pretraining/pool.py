"""The clips that a pre-training learns from, and the weights that it leaves in the cache."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.sealed import sealed_read_json, sealed_write_json
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.task import Modality
from aqa_bench.learn.features.extractor import load_state, save_state, state_sha256
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.learn.training.device import Precision

__all__ = ["PoolTraining", "TrainedWeights", "divided", "kept_weights", "own_device", "usable_clips"]

_log = logging.getLogger(__name__)
_FORMAT = 1
_FACTS = "facts-of-weights", 1


@dataclass(frozen=True, slots=True)
class TrainedWeights:
    """Where the weights of one training lie, with the files beside them.

    Attributes:
        folder: Folder of a method's weights.
        identity: Everything that the weights depend on, as plain JSON.
    """

    folder: Path
    identity: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Hex SHA-256 of the identity."""
        return sha256_bytes(canonical_json([_FORMAT, dict(self.identity)]).encode())

    @property
    def path(self) -> Path:
        """The weights."""
        return self.folder / f"{self.key}.safetensors"

    @property
    def checkpoint(self) -> Path:
        """Where an unfinished training goes on from."""
        return self.folder / f"{self.key}.checkpoint"

    @property
    def log(self) -> Path:
        """What the training reported: ``metrics.jsonl`` of this key."""
        return self.folder / f"{self.key}.metrics.jsonl"

    def snapshot(self, epoch: int) -> Path:
        """The weights as they were after an epoch, counted from 0."""
        return self.folder / f"{self.key}.epoch{epoch:03d}.safetensors"

    @property
    def picture(self) -> Path:
        """What was learnt, drawn."""
        return self.folder / f"{self.key}.png"

    def load(self, network: nn.Module) -> dict[str, Any] | None:
        """Load the weights, if they are there and whole.

        Args:
            network: Receives them.

        Returns:
            The facts that were kept with them; None where the training has to be done.
        """
        if not self.path.is_file():
            return None
        try:
            known = sealed_read_json(self._facts, *_FACTS)
            if known["identity"] != self._document():
                raise ValueError("facts of other weights")
            load_state(network, self.path)
            facts: dict[str, Any] = known["facts"]
        except (DataError, OSError, ValueError, KeyError, TypeError) as error:
            # A damaged file costs time, not the run: the same training makes the same weights.
            _log.warning("Weights %s are damaged and will be trained again: %s", self.path, error)
            return None
        return facts

    def save(self, network: nn.Module, facts: Mapping[str, Any]) -> None:
        """Keep weights and facts, and drop the checkpoint.

        Raises:
            AqaBenchError: The folder cannot be written to.
        """
        # The weights come last: where they are, the facts are.
        sealed_write_json(self._facts, *_FACTS, {"facts": dict(facts), "identity": self._document()})
        save_state(network, self.path)
        # Last of all: killed before this line, the next run finds weights or resumes, never neither.
        self.checkpoint.unlink(missing_ok=True)

    def once(
        self,
        network: nn.Module,
        train: Callable[[], Mapping[str, Any]],
        complete: Callable[[Mapping[str, Any]], bool] = lambda _: True,
    ) -> dict[str, Any]:
        """Load the weights, or train them and keep them.

        Of several runs that want the same weights one trains, and the others wait for it; the processes of
        torchrun train together.

        Args:
            network: Receives the weights.
            train: Trains the network in place and returns facts about it, as plain JSON.
            complete: Whether all that is wanted lies beside weights with these facts; where not, the same
                training is done again.

        Returns:
            The facts.
        """
        from aqa_bench.core.lock import exclusive

        # Under torchrun all processes must enter the training, so none may wait for another at a lock.
        together = os.environ.get("WORLD_SIZE", "1") != "1"
        with nullcontext() if together else exclusive(self.folder / f"{self.key}.lock"):
            # Inside the lock: whoever waited finds the weights that the other run has just made.
            facts = self.load(network)
            if facts is None or not complete(facts):
                facts = dict(train())
                self.save(network, facts)
            return facts

    def _document(self) -> Any:
        """The identity as it comes back from a file."""
        return json.loads(canonical_json(dict(self.identity)))

    @property
    def _facts(self) -> Path:
        return self.path.with_suffix(".json")


def kept_weights(folders: Sequence[Path], key: str, epoch: int | None = None) -> Path:
    """The file of weights that a training has left in one of several folders; it need not exist.

    Args:
        folders: Folders of a method's weights.
        key: Of the training.
        epoch: The weights as they were after it; the last ones where None.
    """
    name = f"{key}.safetensors" if epoch is None else f"{key}.epoch{epoch:03d}.safetensors"
    return next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)


_HELD_OUT = 500
_NEEDED = 2


def usable_clips(
    pool: Sequence[Sample],
    spec: FrameSpec,
    usable: Callable[[FrameIndex], tuple[Sequence[int], Mapping[str, int]]],
    ctx: FitContext,
) -> tuple[list[Sample], Counter[str]]:
    """Clips that can be used, each once, in the pool's order, which depends on their content alone.

    Args:
        pool: Unlabelled samples.
        spec: Frames that are kept of a clip.
        usable: Numbers of the clips that a method can use, and how many it cannot, by reason.
        ctx: Names the method, dataset, task and split.

    Returns:
        The clips, and how many samples are left out, by reason.

    Raises:
        DataError: Fewer than two clips can be used.
    """
    found = {s.media.content_key: s for s in pool if Modality.FRAMES in s.media.provides}
    clips = list(found.values())
    dropped = Counter({"without frames, or twice in the pool": len(pool) - len(clips)})
    numbers: Sequence[int] = ()
    if len(clips) >= _NEEDED:
        numbers, unusable = usable(FrameIndex(clips, spec))
        dropped.update(unusable)
    if len(numbers) < _NEEDED:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
        raise DataError(
            f"{ctx.method} has too few clips to pre-train on.",
            where=f"the unlabelled pool of {ctx.pool_dataset} for {ctx.task.id}, {ctx.split}",
            expected=f"at least {_NEEDED} usable clips",
            found=f"{len(numbers)} of {len(pool)} samples" + (f" ({reasons})" if reasons else ""),
            remedy="Use a dataset with unlabelled clips, or a method without a pool.",
        )
    return [clips[i] for i in numbers], +dropped


def divided(
    clips: Sequence[Sample], share: float, unit: Callable[[Sample], str]
) -> tuple[list[Sample], list[Sample]]:
    """Clips to learn from, and clips to watch the pre-training on: the same whatever the seed.

    Args:
        clips: All of them.
        share: Share that only watches; at most 500 clips, and none if that is fewer than two.
        unit: Names what a clip stays together with.
    """
    room = min(int(share * len(clips)), _HELD_OUT)
    units: dict[str, list[int]] = {}
    for number, sample in enumerate(clips):
        units.setdefault(unit(sample), []).append(number)
    watched: set[int] = set()
    # Ordered by a hash of each unit's name alone. Whether a clip watches does not depend on the seed, and
    # hardly on the other clips of the pool.
    for name in sorted(units, key=lambda name: _watched_seed(name, clips[units[name][0]])):
        # A unit that does not fit is passed over, not split: half a unit on either side
        # would be watched on what it learnt.
        if len(watched) + len(units[name]) <= room:
            watched.update(units[name])
    if len(watched) < _NEEDED:
        # A single clip has no other to be compared with; then all learn, and the record says so.
        return list(clips), []
    return (
        [clip for i, clip in enumerate(clips) if i not in watched],
        [clips[i] for i in sorted(watched)],
    )


def _watched_seed(unit: str, clip: Sample) -> int:
    # A clip that stands for itself draws its own seed: its key differs from machine to machine.
    return clip.media.draw_seed("watched") if unit == clip.media.content_key else derive_seed("watched", unit)


def own_device(device: torch.device) -> torch.device:
    """The GPU of this process among those that torchrun started."""
    if device.type == "cuda" and os.environ.get("WORLD_SIZE", "1") != "1":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return device


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
        # Without task and split: all tasks of a run share one pre-training.
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
        identity: dict[str, Any] = {
            "method": self.method,
            "clips": [sample.media.content_key for sample in self.learn],
            "watched": [sample.media.content_key for sample in self.watched],
            "trajectories": sha256_bytes(b"\x1f".join(e.tobytes() for e in frames.elevations())),
            **(annotations or {}),
            "recipe": dict(self.recipe),
            "seed": self.seed,
            # The initial weights themselves, not their name: the same name may hold other weights tomorrow.
            "initial": state_sha256(initial),
            # Kernels differ between devices and processes share batches, so these weights would differ too.
            "device": device.type,
            "processes": os.environ.get("WORLD_SIZE", "1"),
        }
        # The device's own precision is left out, as it always was, so that weights keep their keys.
        if (precision := Precision.default(device)) is not Precision.native(device):
            identity["precision"] = precision.dtype
        return TrainedWeights(cache / "weights" / self.method, identity)

    def pretrained_on(self, start: str, learns_from: str) -> str:
        """What the weights have seen, in words.

        Args:
            start: Name of the initial weights.
            learns_from: What the pool is to the method.
        """
        before = "" if start == "random" else f"{start.partition(',')[0]}; "
        return f"{before}{len(self.learn)} {learns_from} of {self.dataset}"

    def facts(self) -> dict[str, Any]:
        """What else the record says of it."""
        return {
            "pretraining_seed": self.number,
            "pretraining_clips": len(self.learn),
            "pretraining_clips_dropped": dict(self.dropped),
        }
