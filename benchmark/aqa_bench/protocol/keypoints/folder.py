"""A folder of poses that somebody else estimated, opened: what is in it, and its hash."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.record import KeypointFiles
from aqa_bench.media.pose.people import People
from aqa_bench.protocol.keypoints.files import scan
from aqa_bench.protocol.keypoints.manifest import MANIFEST, read_manifest
from aqa_bench.protocol.keypoints.reading import PoseReading, read_poses

__all__ = ["KeypointFolder"]

_MEMORY = 1 << 28
"""Bytes of poses that are kept in memory."""


class KeypointFolder:
    """Poses on disk: files named by sample ids, and perhaps a manifest.

    Args:
        path: The folder.
        people: Who is taken of several people; by default what the manifest says.

    Attributes:
        path: The folder.
        manifest: Its manifest.
        people: Who is taken of several people; None refuses several.
        files: Names of the files that hold poses.
        sha256: Hash of their names and contents, and of the manifest's.
        layout: Joint order of all files, as far as it is known: the manifest's, or that of what was read.

    Raises:
        DataError: There is no such folder, nothing of it may hold poses, or the manifest is unfit.
    """

    def __init__(self, path: Path, people: People | None = None) -> None:
        self.path = path
        if not path.is_dir():
            raise _nothing(path, "a file" if path.exists() else "no such folder")
        self.manifest = read_manifest(path / MANIFEST)
        self.people = people or self.manifest.people
        self.files = scan(path)
        if not self.files:
            raise _nothing(path, "none")
        self._digests = {name: sha256_bytes(self._bytes(path / name)) for name in self.files}
        content: list[object] = [self.manifest.model_dump(mode="json"), sorted(self._digests.items())]
        self.sha256 = sha256_bytes(canonical_json(content).encode())
        self.layout = self.manifest.layout
        self._kept: dict[tuple[str, ...], PoseReading] = {}
        self._room = _MEMORY

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": {}, "_room": _MEMORY}

    def key(self, names: Sequence[str]) -> str:
        """Hash of what decides the pose that is read from files of this folder."""
        parts = [self.manifest.kind, self.manifest.layout, self.people, [self._digests[n] for n in names]]
        return sha256_bytes(canonical_json(parts).encode())

    def read(self, names: Sequence[str], length: int) -> PoseReading:
        """The pose of one sample.

        Args:
            names: Its files, some of :attr:`files`.
            length: Frames of its clip, 1 for a still image.

        Raises:
            DataError: As :func:`.reading.read_poses`, or a file has changed or has another layout than the
                ones read before.
        """
        known = self._kept.get(tuple(names))
        if known is not None:
            return known
        files = [self.path / name for name in names]
        reading = read_poses(files, self.manifest, self.people, length, self._unchanged)
        if None not in (self.layout, reading.layout) and self.layout != reading.layout:
            raise DataError(
                "The samples' keypoints differ in layout.",
                where=files[0],
                expected=f"{self.layout}, as in the previous samples",
                found=reading.layout,
                remedy="Keep keypoints of different body models in separate folders.",
            )
        self.layout = reading.layout or self.layout
        if reading.values.nbytes <= self._room:
            # A run reads every pose for each task and split, and many small files take their time.
            self._room -= reading.values.nbytes
            reading.values.setflags(write=False)
            self._kept[tuple(names)] = reading
        return reading

    def record(self) -> KeypointFiles:
        """What a run's record tells of the folder; not where it lies."""
        return KeypointFiles(
            sha256=self.sha256,
            files=len(self.files),
            kind=self.manifest.kind.value,
            layout=self.layout,
            people=None if self.people is None else self.people.value,
            estimator=self.manifest.estimator,
            licence=self.manifest.licence,
        )

    def _unchanged(self, path: Path) -> bytes:
        content = self._bytes(path)
        expected = self._digests[path.relative_to(self.path).as_posix()]
        if sha256_bytes(content) != expected:
            raise DataError(
                "A keypoint file has changed since the run began.",
                where=path,
                expected=f"SHA-256 {expected}",
                found=f"SHA-256 {sha256_bytes(content)}",
                remedy="Start again when nothing else writes to the folder.",
            )
        return content

    @staticmethod
    def _bytes(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise DataError(
                "A keypoint file cannot be read.",
                where=path,
                expected="a file",
                found=error.strerror or str(error),
                remedy="Correct its permissions or the link, or remove it.",
            ) from error


def _nothing(path: Path, found: str) -> DataError:
    return DataError(
        "There are no keypoints to import.",
        where=path,
        expected="a folder with .npz, .npy or OpenPose's .json files named by sample ids",
        found=found,
        remedy="Correct --keypoints; docs/keypoints.md explains how to name files.",
    )
