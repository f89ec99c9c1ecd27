"""Estimated poses, kept by the content they were estimated from."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from aqa_bench.core.arrays import ArrayArchive
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, write_atomic
from aqa_bench.core.paths import cache_home
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.pose.estimator import Pose, PoseEstimator, check_pose, estimate

__all__ = ["cached_estimate"]

logger = logging.getLogger(__name__)

_FORMAT = 1


def cached_estimate(
    content_key: str,
    frames: Callable[[], UInt8Array],
    estimator: PoseEstimator,
    *,
    folder: Path | None = None,
    others: Sequence[Path] = (),
) -> Pose:
    """Estimate the pose in a clip once, and read it from the cache ever after.

    Args:
        content_key: Hash of the clip's content and of anything done to its frames.
        frames: Reads the frames, ``(T, H, W, 3)`` uint8 RGB; called only where the cache has nothing.
        estimator: The estimator; its identity is part of the key.
        folder: The cache, by default ``pose`` in the platform's cache folder.
        others: Folders that are looked into as well.

    Returns:
        Keypoints in pixels of the frames, and their layout.
    """
    key = sha256_bytes(canonical_json([_FORMAT, content_key, estimator.identity]).encode())
    folder = folder or cache_home() / "pose"
    for place in (folder, *others):
        if (known := _read(place / key[:2] / f"{key}.npz", estimator.layout)) is not None:
            return known
    pose = estimate(frames(), estimator)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, keypoints=pose.keypoints)
    write_atomic(folder / key[:2] / f"{key}.npz", buffer.getvalue())
    return pose


def _read(path: Path, layout: str) -> Pose | None:
    try:
        with ArrayArchive(path) as archive:
            return check_pose(Pose(archive.read("keypoints"), layout), where=path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, DataError) as error:
        logger.warning("Cache entry %s is damaged and will be computed again: %s", path, error)
        return None
