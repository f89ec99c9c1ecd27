"""What a frame store will hold: where each clip goes, and how large it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.geometry import Fit
from aqa_bench.media.images import IMAGE_SUFFIXES
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video import probe

__all__ = [
    "ClipSource", "FrameReader", "Measured", "Plan", "count_frames", "estimated_bytes", "make_plan",
    "store_folder",
]  # fmt: skip

_FORMAT = 1


@runtime_checkable
class FrameReader(Protocol):
    """A clip that is not one media file, e.g. a numbered range of a folder of images.

    It must pickle where the store is built by several processes.
    """

    def __len__(self) -> int:
        """Number of frames."""
        ...

    def __call__(self, size: int, fit: Fit) -> UInt8Array:
        """All frames as ``(T, size, size, 3)`` uint8 RGB."""
        ...


ClipSource: TypeAlias = MediaFile | FrameReader
Measured: TypeAlias = tuple[str, int, str]
"""Clip id, number of frames, and why the clip is skipped (empty where it is not)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Places of the clips in the array.

    Attributes:
        size: Side of a frame in pixels.
        fit: How a frame is fitted into the square.
        fingerprint: The dataset's fingerprint.
        offsets: First frame of every clip that can be read.
        lengths: Its number of frames.
        skipped: Reason for every clip that cannot be read.
        rows: Frames reserved in the array, at least the sum of the lengths.
    """

    size: int
    fit: Fit
    fingerprint: str
    offsets: dict[str, int]
    lengths: dict[str, int]
    skipped: dict[str, str]
    rows: int

    @property
    def bytes(self) -> int:
        """Size of the array in bytes."""
        return estimated_bytes(self.rows, self.size)

    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "size": self.size,
            "fit": self.fit,
            "fingerprint": self.fingerprint,
            "rows": self.rows,
            "clips": {name: [self.offsets[name], self.lengths[name]] for name in self.offsets},
            "skipped": self.skipped,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Plan:
        """The inverse of :meth:`document`."""
        clips = document["clips"]
        return cls(
            size=document["size"],
            fit=document["fit"],
            fingerprint=document["fingerprint"],
            offsets={name: place[0] for name, place in clips.items()},
            lengths={name: place[1] for name, place in clips.items()},
            skipped=dict(document["skipped"]),
            rows=document["rows"],
        )


def estimated_bytes(frames: int, size: int) -> int:
    """Bytes that ``frames`` square RGB frames of side ``size`` take.

    Example:
        >>> estimated_bytes(30_000, 128)
        1474560000
    """
    return frames * size * size * 3


def store_folder(root: Path, clip_ids: list[str], size: int, fit: Fit, fingerprint: str) -> Path:
    """Folder of the store of these clips: another one whenever anything that shapes it changes.

    Raises:
        UsageError: The size is not positive or the fit is unknown.
    """
    if size < 1 or fit not in ("squash", "letterbox"):
        raise UsageError(
            "No such frame store.", expected="a size >= 1; squash or letterbox", found=f"{size}, {fit}"
        )
    identity = canonical_json([_FORMAT, fingerprint, size, fit, sorted(clip_ids)])
    return root / f"{size}-{fit}-{sha256_bytes(identity.encode())[:16]}"


def count_frames(name: str, source: ClipSource) -> Measured:
    """Number of frames of one clip, or why it cannot be read."""
    try:
        if not isinstance(source, MediaFile):
            frames = len(source)
        elif source.suffix in IMAGE_SUFFIXES:
            frames = 1
        else:
            frames = probe(source).frames
    except DataError as error:
        return name, 0, error.found or error.what
    return (name, frames, "") if frames > 0 else (name, 0, "no frames")


def make_plan(measured: list[Measured], size: int, fit: Fit, fingerprint: str) -> Plan:
    """Lay the clips out one after another, in the order of their ids."""
    offsets: dict[str, int] = {}
    lengths: dict[str, int] = {}
    skipped: dict[str, str] = {}
    end = 0
    for name, frames, reason in sorted(measured):
        if reason:
            skipped[name] = reason
        else:
            offsets[name], lengths[name] = end, frames
            end += frames
    return Plan(size, fit, fingerprint, offsets, lengths, skipped, end)
