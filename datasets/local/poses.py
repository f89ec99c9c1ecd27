"""Poses of own datasets, read from their files and kept in memory as far as there is room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.pose.named_joints import arranged
from aqa_bench.media.pose.pose_files import read_pose_file

from .files import digest_of
from .index import OwnClip, Reading

__all__ = ["PoseReader"]

_MEMORY = 1 << 28


class PoseReader:
    """Reads clips in one way.

    Args:
        reading: The way.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._kept: dict[Path, FloatArray] = {}
        self._room = _MEMORY

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": {}, "_room": _MEMORY}

    def read(self, clip: OwnClip) -> FloatArray:
        """Joints of a clip: ``(T, V, 3)``, or ``(T, V, 4)`` in space, in the dataset's layout.

        Raises:
            DataError: The file is gone or has changed.
        """
        known = self._kept.get(clip.path)
        if known is not None:
            return known
        digest, _ = digest_of(clip.path)
        if digest != clip.sha256:
            raise DataError(
                "A file has changed since it was added.",
                where=clip.path,
                expected=f"SHA-256 {clip.sha256}",
                found=f"SHA-256 {digest}",
                remedy="Restore it, or add the dataset again with --replace.",
            )
        reading = self._reading
        raw = read_pose_file(clip.path, dimensions=reading.dimensions, people=reading.people)
        values = arranged(raw, reading.layout or "", reading.joints, clip.path)
        if values.nbytes <= self._room:
            self._room -= values.nbytes
            values.setflags(write=False)
            self._kept[clip.path] = values
        return values
