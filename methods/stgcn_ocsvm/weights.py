"""Trained weights, kept in the cache by what they were trained on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, write_atomic

from .extractor import STGCNFeatures

__all__ = ["trained_once"]

_log = logging.getLogger(__name__)
_FORMAT = 1


def trained_once(
    extractor: STGCNFeatures, identity: dict[str, Any], cache: Path, train: Callable[[], float | None]
) -> float | None:
    """Train an extractor, or load what the same training gave before.

    Args:
        extractor: Receives the weights.
        identity: Everything that the weights depend on, as plain JSON.
        cache: The cache folder; weights go to ``weights/stgcn-ocsvm`` in it.
        train: Trains the extractor in place and returns a figure of merit, if there is one.

    Returns:
        That figure.
    """
    key = sha256_bytes(canonical_json([_FORMAT, identity]).encode())
    path = cache / "weights" / "stgcn-ocsvm" / f"{key}.safetensors"
    beside = path.with_suffix(".json")
    if path.is_file():
        try:
            content: float | None = json.loads(beside.read_text(encoding="utf-8"))["figure"]
            extractor.load(path)
        except (DataError, OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("Damaged weights %s are trained again: %s", path, error)
        else:
            return content
    figure = train()
    # The weights come last: where they are, the figure is.
    write_atomic(beside, canonical_json({"figure": figure, "identity": identity}))
    extractor.save(path)
    return figure
