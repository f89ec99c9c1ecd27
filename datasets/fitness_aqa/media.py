"""Readers of one clip or image of the release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aqa_bench.core.sample import Media, Trajectory, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.source import MediaFile

from .index import Entry

__all__ = ["ClipMedia", "ImageMedia"]

_CLIP = frozenset({Modality.FRAMES})
_TRACKED = frozenset({Modality.FRAMES, Modality.TRAJECTORY})
_IMAGE = frozenset({Modality.IMAGE})


@dataclass(frozen=True, slots=True)
class ClipMedia(Media):
    """A clip, decoded from where it lies.

    Attributes:
        exercise: Exercise id.
        entry: The clip.
        track: File of its bar trajectory, None where it has none that can be used.
    """

    exercise: str
    entry: Entry
    track: MediaFile | None = None

    @property
    def provides(self) -> frozenset[Modality]:  # type: ignore[override]
        """Frames, and the trajectory where there is one."""
        return _CLIP if self.track is None else _TRACKED

    @property
    def file(self) -> MediaFile:
        """Where the video lies."""
        return self.entry.media

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.entry.holds.length

    @property
    def content_key(self) -> str:
        """Hex SHA-256 of the video's bytes."""
        return self.entry.holds.sha256

    @property
    def fps(self) -> float | None:
        """Frames a second, as the container says."""
        return self.entry.holds.fps

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames as ``(T, H, W, 3)`` RGB.

        Raises:
            DataError: The video is gone or damaged, or has fewer frames than asked for.
        """
        from aqa_bench.media.video import decode

        return decode(self.entry.media, indices, size)

    def trajectory(self) -> Trajectory:
        """The bar's trajectory, one value per frame of the clip.

        Raises:
            DataError: The clip has none, or its file is gone or damaged.
        """
        if self.track is None:
            raise self._absent(Modality.TRAJECTORY)
        from .bar import read_trajectory

        return read_trajectory(self.exercise, self.track, self.length)


@dataclass(frozen=True, slots=True)
class ImageMedia(Media):
    """A still image, decoded from where it lies.

    Attributes:
        entry: The image.
    """

    entry: Entry

    @property
    def provides(self) -> frozenset[Modality]:  # type: ignore[override]
        """The image."""
        return _IMAGE

    @property
    def file(self) -> MediaFile:
        """Where the image lies."""
        return self.entry.media

    @property
    def length(self) -> int:
        """1."""
        return 1

    @property
    def content_key(self) -> str:
        """Hex SHA-256 of the image's bytes."""
        return self.entry.holds.sha256

    def image(self, size: int | None = None) -> UInt8Array:
        """The image as ``(H, W, 3)`` RGB.

        Raises:
            DataError: It is gone or damaged.
        """
        from aqa_bench.media.images import read_image

        return read_image(self.entry.media, size)
