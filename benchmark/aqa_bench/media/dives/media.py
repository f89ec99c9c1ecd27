"""One dive's frames, where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.sample import Media, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import Indices
from aqa_bench.media.frame_folders import FrameNames
from aqa_bench.media.source import MediaFile
from aqa_bench.media.windows import window_ending_at

__all__ = ["MAX_SHIFT", "WINDOW", "DiveMedia", "Footage"]

WINDOW = 103
"""Frames of a dive that methods see: those that end at the annotated end, as in the authors' recipe."""
MAX_SHIFT = 3
"""Frames by which the authors' recipe moves the window in training."""


class Footage(BaseModel):
    """Where the frames of one dive lie.

    Attributes:
        kind: A folder of numbered images, or the video of the whole event.
        path: The folder or the file.
        end: Number of the dive's last frame there, counted from 1.
        prefix: As in :class:`~aqa_bench.media.frame_folders.FrameNames`.
        digits: As there.
        suffix: As there.
        base: As there.
        fps: Frames a second, or None where it is not known.
        sha256: Hash of a video's bytes; empty for a folder, whose files are hashed when asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["folder", "video"]
    path: Path
    end: int
    prefix: str = ""
    digits: int = 6
    suffix: str = ".jpg"
    base: int = 1
    fps: float | None = None
    sha256: str = ""

    @property
    def names(self) -> FrameNames:
        """How the images of a folder are named."""
        return FrameNames(self.path, self.prefix, self.digits, self.suffix, self.base)

    @property
    def window(self) -> Indices:
        """Numbers of the dive's :data:`WINDOW` frames."""
        return window_ending_at(self.end, WINDOW)

    def read(self, numbers: Indices, size: int | None = None) -> UInt8Array:
        """Frames by number, counted from 1.

        Raises:
            DataError: A frame is missing or damaged.
        """
        if self.kind == "folder":
            return self.names.read(numbers, size)
        from aqa_bench.media.video import decode

        return decode(self.path, (numbers - 1).tolist(), size)

    def content_key(self) -> str:
        """Hex SHA-256 of the window's content.

        Raises:
            DataError: A frame is missing.
        """
        if self.kind == "video":
            return sha256_bytes(canonical_json([self.sha256, self.end, WINDOW]).encode())
        files = [MediaFile(self.names.path(int(number))) for number in self.window]
        return sha256_bytes("".join(file.sha256() for file in files).encode())


class DiveMedia(Media):
    """The window of a dive, and what is known of it where a task says so.

    Args:
        identity: Content key where there are no frames.
        footage: Where the frames lie; None where they are not available.
        remedy: How to get them, for the error.
        attributes: What the task tells of the dive; None where it tells nothing.
    """

    def __init__(
        self,
        identity: str,
        footage: Footage | None,
        remedy: str,
        attributes: Mapping[str, float | str] | None = None,
    ) -> None:
        self._identity = identity
        self._footage = footage
        self._remedy = remedy
        self._attributes = attributes
        self.provides = frozenset(
            ({Modality.FRAMES} if footage is not None else set())
            | ({Modality.ATTRIBUTES} if attributes is not None else set())
        )

    @property
    def length(self) -> int:
        """:data:`WINDOW`, for every dive."""
        return WINDOW

    @property
    def content_key(self) -> str:
        """Hex SHA-256 of the window's frames, or of its annotation where there are none."""
        return self._key

    @property
    def fps(self) -> float | None:
        """Frames a second, where the footage says."""
        return None if self._footage is None else self._footage.fps

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """What the task tells of the dive.

        Raises:
            DataError: It tells nothing.
        """
        if self._attributes is None:
            raise self._absent(Modality.ATTRIBUTES)
        return dict(self._attributes)

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames of the window as ``(T, H, W, 3)`` uint8 RGB.

        Args:
            indices: Numbers in ``[0, 103)``, all by default.
            size: Side in pixels of the square that frames are resized to, native size by default.

        Raises:
            DataError: The frames are not available, or damaged.
            UsageError: An index lies outside the window.
        """
        if self._footage is None:
            raise DataError(
                "The frames of this dive are not available.",
                expected=f"{WINDOW} frames that end at the dive's annotated end",
                found="annotations only",
                remedy=self._remedy,
            )
        window = self._footage.window
        if indices is not None:
            if len(indices) and not (min(indices) >= 0 and max(indices) < WINDOW):
                raise UsageError(
                    "The dive does not have this frame.",
                    expected=f"0..{WINDOW - 1}",
                    found=f"{min(indices)}..{max(indices)}",
                )
            window = window[list(indices)]
        return self._footage.read(window, size)

    @cached_property
    def _key(self) -> str:
        return self._identity if self._footage is None else self._footage.content_key()
