"""Filling a frame store for a worker: it is told which files hold its clips, and writes none."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import Media, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.media.clips import uniform

if TYPE_CHECKING:
    from aqa_bench.media.frame_store import StoredFrames

__all__ = ["fill_store"]


def fill_store(
    root: Path, clips: Mapping[str, Media], settings: Sequence[Any], progress: Progress
) -> tuple[dict[str, Any], object]:
    """Decode the clips that a store does not have.

    Args:
        root: Folder of the stores.
        clips: Media by the keys under which they are kept.
        settings: Resize, crop and frames of the store, its encoding's quality, and threads.
        progress: Where to report.

    Returns:
        As JSON: the file of each clip, and why others have none; and what keeps the files from being removed.

    Raises:
        DataError: There is not enough space.
    """
    from aqa_bench.media.frame_store import Encoding, FrameStore, StoredFrames, fill

    resize, crop, frames, quality, threads = settings
    stored = StoredFrames(resize, crop, frames)
    store = FrameStore(root, stored, Encoding(quality))
    readers = {key: _Clip(media, stored) for key, media in clips.items()}
    filled = fill(store, readers, threads=max(1, min(int(threads), os.cpu_count() or 1)), progress=progress)
    return {
        "files": {key: str(file.path) for key, file in filled.clips.items()},
        "skipped": dict(filled.skipped),
    }, store


@dataclass(frozen=True, slots=True)
class _Clip:
    """Frames of a clip, or a still image as each of its frames."""

    media: Media
    stored: StoredFrames

    def __len__(self) -> int:
        length = self.media.length if Modality.FRAMES in self.media.provides else 1
        return length if self.stored.frames is None else self.stored.frames

    def __call__(self) -> UInt8Array:
        media, size = self.media, self.stored.resize
        if Modality.FRAMES in media.provides:
            length = media.length
            wanted = range(length) if self.stored.frames is None else uniform(length, len(self)).tolist()
            images = media.frames(list(wanted), size)
        else:
            images = np.repeat(media.image(size)[None], len(self), axis=0)
        margin = (size - self.stored.side) // 2
        return images[:, margin : margin + self.stored.side, margin : margin + self.stored.side]
