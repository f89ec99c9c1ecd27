"""Trained weights, kept in the cache by what they were trained on."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, write_atomic
from aqa_bench.core.lock import exclusive
from aqa_bench.learn.features.extractor import FeatureExtractor

__all__ = ["TrainedWeights"]

_log = logging.getLogger(__name__)
_FORMAT = 1


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

    def load(self, extractor: FeatureExtractor[Any, Any]) -> dict[str, Any] | None:
        """Load the weights, if they are there and whole.

        Args:
            extractor: Receives them.

        Returns:
            The facts that were kept with them; None where the training has to be done.
        """
        if not self.path.is_file():
            return None
        try:
            facts: dict[str, Any] = json.loads(self._facts.read_text(encoding="utf-8"))["facts"]
            extractor.load(self.path)
        except (DataError, OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("Damaged weights %s are trained again: %s", self.path, error)
            return None
        return facts

    def save(self, extractor: FeatureExtractor[Any, Any], facts: Mapping[str, Any]) -> None:
        """Keep weights and facts, and drop the checkpoint.

        Raises:
            AqaBenchError: The folder cannot be written to.
        """
        # The weights come last: where they are, the facts are.
        write_atomic(self._facts, canonical_json({"facts": dict(facts), "identity": dict(self.identity)}))
        extractor.save(self.path)
        self.checkpoint.unlink(missing_ok=True)

    def once(
        self,
        extractor: FeatureExtractor[Any, Any],
        train: Callable[[], Mapping[str, Any]],
        complete: Callable[[Mapping[str, Any]], bool] = lambda _: True,
    ) -> dict[str, Any]:
        """Load the weights, or train them and keep them.

        Of several runs that want the same weights one trains, and the others wait for it; the processes of
        torchrun train together.

        Args:
            extractor: Receives the weights.
            train: Trains the extractor in place and returns facts about it, as plain JSON.
            complete: Whether all that is wanted lies beside weights with these facts; where not, the same
                training is done again.

        Returns:
            The facts.
        """
        together = os.environ.get("WORLD_SIZE", "1") != "1"
        with nullcontext() if together else exclusive(self.folder / f"{self.key}.lock"):
            facts = self.load(extractor)
            if facts is None or not complete(facts):
                facts = dict(train())
                self.save(extractor, facts)
            return facts

    @property
    def _facts(self) -> Path:
        return self.path.with_suffix(".json")
