"""Readers of one clip: distances, joints recovered from them, and frames of its video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.sample import FloatArray, Media, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.distance_geometry import face_viewer, positions_from_distances
from aqa_bench.media.layouts import convert

from .files import read_distances
from .index import IndexedClip, IndexedFile
from .release import FRAMES, LAYOUT

__all__ = ["SquatClip", "provided"]

_POSE = frozenset({Modality.DISTANCES, Modality.KEYPOINTS})
_VIDEO = frozenset({Modality.FRAMES})


def provided(clip: IndexedClip) -> frozenset[Modality]:
    """What can be read of a clip."""
    return (_POSE if clip.pose else frozenset()) | (_VIDEO if clip.video else frozenset())


@dataclass(frozen=True, slots=True)
class SquatClip(Media):
    """One clip, read from where it lies.

    Attributes:
        clip: Its files.
    """

    clip: IndexedClip

    @property
    def provides(self) -> frozenset[Modality]:  # type: ignore[override]
        """Distances and keypoints where it has a pose file, frames where it has a video."""
        return provided(self.clip)

    @property
    def length(self) -> int:
        """Frames that all its files have, 300 at most."""
        return min(FRAMES, *(file.frames for file in self.clip.files))

    @property
    def content_key(self) -> str:
        """Hash of the content of its files."""
        return sha256_bytes(canonical_json([file.sha256 for file in self.clip.files]).encode())

    @property
    def fps(self) -> float | None:
        """Frames a second, where its video says so; pose files do not."""
        return self.clip.video.fps if self.clip.video else None

    def distances(self) -> FloatArray:
        """Distances between HMR's 19 joints, ``(T, 171)`` float32, about in metres.

        Raises:
            DataError: The clip has no pose file, or it has vanished or changed.
        """
        if self.clip.pose is None:
            raise self._absent(Modality.DISTANCES)
        _check_unchanged(self.clip.pose)
        return read_distances(self.clip.pose.file)[: self.length]

    def joints(self) -> npt.NDArray[np.float64]:
        """Joints in space, ``(T, 19, 3)`` in layout ``hmr-19``, about in metres.

        Recovered from the distances by classical multidimensional scaling, each frame by itself, and
        turned towards the viewer: where the person stood and which way is not in the release.

        Raises:
            DataError: As for :meth:`distances`.
        """
        return face_viewer(positions_from_distances(self.distances()), LAYOUT)

    def keypoints(self, layout: str = LAYOUT) -> FloatArray:
        """Joints as seen from the front, ``(T, V, 3)`` float32: x, y and confidence 1.

        Unlike keypoints of pictures, x and y are about in metres, from the point between the ankles.

        Args:
            layout: Joint order wanted; joints that hmr-19 does not have are computed where it has
                their parts.

        Raises:
            DataError: The clip has no pose file, it has changed, or the layout has other joints.
        """
        joints = self.joints()
        keypoints = np.concatenate([joints[..., :2], np.ones((*joints.shape[:2], 1))], axis=2)
        return convert(keypoints, LAYOUT, layout)

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames of the video as ``(T, H, W, 3)`` RGB.

        Raises:
            DataError: The clip has no video, or it is gone, damaged or shorter than asked for.
        """
        if self.clip.video is None:
            raise self._absent(Modality.FRAMES)
        from aqa_bench.media.video import decode

        return decode(self.clip.video.file, range(self.length) if indices is None else indices, size)


def _check_unchanged(indexed: IndexedFile) -> None:
    digest = indexed.file.sha256()
    if digest != indexed.sha256:
        raise DataError(
            "A pose file has changed since it was prepared.",
            where=str(indexed.file),
            expected=f"SHA-256 {indexed.sha256}",
            found=f"SHA-256 {digest}",
            remedy="Restore the file, or run aqa-bench dataset prepare waseda-squat again.",
        )
