"""Frames of single clips through a store, for datasets that are read clip by clip."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.frame_store.store import FrameReader, FrameStore, StoredFrames
from aqa_bench.media.source import MediaFile

__all__ = ["WholeVideo", "kept_frames"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WholeVideo:
    """Reads all frames of a video file.

    Attributes:
        file: The video.
        length: Its number of frames.
        side: Side in pixels to which they are squashed.
    """

    file: MediaFile
    length: int
    side: int

    def __len__(self) -> int:
        return self.length

    def __call__(self) -> UInt8Array:
        """The frames, ``(length, side, side, 3)``.

        Raises:
            DataError: The video is gone or damaged.
        """
        from aqa_bench.media.video import decode

        return decode(self.file, size=self.side)


def kept_frames(
    root: Path, stored: StoredFrames, key: str, reader: FrameReader, indices: Sequence[int] | None = None
) -> UInt8Array:
    """Frames of a clip, which is decoded when the first of them is wanted, and no other clip with it.

    Where the clip cannot be kept (no space, no permission, another process at it) it is decoded all the same.

    Args:
        root: Folder of the stores.
        stored: Which frames of clips, and their size.
        key: The clip's content key.
        reader: Decodes the clip.
        indices: Zero-based frame numbers in any order, repeats allowed; all frames by default.

    Returns:
        ``(T, side, side, 3)`` uint8 RGB, exactly as decoded.

    Raises:
        DataError: The clip cannot be decoded, or has no such frame.
    """
    length = len(reader)
    wanted = range(length) if indices is None else indices
    if len(wanted) and not 0 <= min(wanted) <= max(wanted) < length:
        raise DataError(
            "The clip does not have this frame.",
            expected=f"0..{length - 1}",
            found=f"{min(wanted)}..{max(wanted)}",
        )
    store = _store(root, stored)
    file = store.find(key, length)
    if file is not None:
        try:
            out = np.empty((len(wanted), stored.side, stored.side, 3), np.uint8)
            file.read(wanted, out, range(len(wanted)))
        except DataError as error:
            logger.debug("%s", error)
            store.forget(key)
        else:
            return out
    frames = store.decoded(reader)
    _keep(store, key, frames)
    return frames if indices is None else frames[list(indices)]


class _Decoded:
    def __init__(self, frames: UInt8Array) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    def __call__(self) -> UInt8Array:
        return self._frames


def _keep(store: FrameStore, key: str, frames: UInt8Array) -> None:
    try:
        store.add(key, _Decoded(frames))
    except AqaBenchError as error:
        _warn(str(error))


@lru_cache(maxsize=64)
def _store(root: Path, stored: StoredFrames) -> FrameStore:
    return FrameStore(root, stored)


@lru_cache(maxsize=16)
def _warn(what: str) -> None:
    logger.warning("Frames are decoded again each time they are needed. %s", what)
