"""Features on disk, named by what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from aqa_bench.core.files import canonical_json, sha256_bytes, write_atomic

__all__ = ["FeatureCache", "feature_key"]

_FORMAT = 1
_TENSOR = "features"


def feature_key(content_key: str, weights_sha256: str, spec: Mapping[str, Any]) -> str:
    """Name of the features of one sample: hex SHA-256 of all that shapes them.

    Args:
        content_key: Hash of the sample's media.
        weights_sha256: Digest of the network's weights.
        spec: Everything else, as plain JSON: architecture, frames, size, pooling, precision.
    """
    return sha256_bytes(canonical_json([_FORMAT, content_key, weights_sha256, dict(spec)]).encode())


class FeatureCache:
    """A folder of safetensors files, one a sample, that processes may share and anyone may delete.

    Files are written whole or not at all, and carry a digest of their content: one that is damaged
    counts as absent and is written again.

    Args:
        folder: Where they lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.folder / key[:2] / f"{key}.safetensors"

    def get(self, key: str) -> npt.NDArray[np.float32] | None:
        """Features by key; None where there are none, or the file is damaged.

        Args:
            key: As :func:`feature_key` makes it.
        """
        try:
            with safe_open(self.path(key), "np") as file:
                features: npt.NDArray[np.float32] = file.get_tensor(_TENSOR)
                digest = (file.metadata() or {}).get("sha256")
        except (OSError, SafetensorError):
            return None
        return features if digest == sha256_bytes(features.tobytes()) else None

    def put(self, key: str, features: npt.NDArray[np.float32]) -> None:
        """Keep features.

        Args:
            key: As :func:`feature_key` makes it.
            features: Of any shape.

        Raises:
            AqaBenchError: The folder cannot be written to or the disk is full.
        """
        array = np.ascontiguousarray(features, np.float32)
        metadata = {"sha256": sha256_bytes(array.tobytes())}
        write_atomic(self.path(key), save({_TENSOR: array}, metadata))
