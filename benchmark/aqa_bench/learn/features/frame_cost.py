"""What reading a pool of frames takes, known before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from aqa_bench.learn.features.frames import FrameSpec
from aqa_bench.media.clips import Indices
from aqa_bench.media.frame_store import (
    ALWAYS_RAW,
    JPEG,
    RAW,
    Encoding,
    FrameStore,
    Room,
    StoredFrames,
    room,
    wanted_storage,
)

__all__ = ["CPU_BUDGET", "FrameCost", "FramePlace", "frame_cost", "stored_frames"]

#: Bytes of decoded frames that the CPU's memory may hold; a pool above it is worth keeping for other runs.
CPU_BUDGET = 2 << 30


class FramePlace(StrEnum):
    """Where frames are read from."""

    MEMORY = "memory"
    STORE = "store"
    MEDIA = "on the fly"


@dataclass(frozen=True, slots=True)
class FrameCost:
    """Size of a pool's frames, and where they will be.

    Attributes:
        clips: Number of clips.
        frames: Number of kept frames of them.
        nbytes: Bytes of those, decoded.
        place: Where a training reads them.
        encoding: How a frame store keeps them, on the way to memory too; None where none does.
        decodes: Frames of videos to decode; a video is read from its beginning to the frame wanted.
        present: Clips that the store has already.
        kept_bytes: Bytes that those take on disk.
        disk_bytes: About what the others will take, rather too much than too little.
        room: Space for frame stores; None where none is used.
    """

    clips: int
    frames: int
    nbytes: int
    place: FramePlace
    encoding: Encoding | None
    decodes: int
    present: int = 0
    kept_bytes: int = 0
    disk_bytes: int = 0
    room: Room | None = None

    @property
    def storage(self) -> str:
        """What frames are read from, for the record: ``memory``, ``raw``, ``jpeg q95`` or ``on the fly``."""
        if self.place is not FramePlace.STORE or self.encoding is None:
            return str(self.place)
        return self.encoding.name

    @property
    def fits(self) -> bool:
        """Whether there is space, if every clip that this pool does not need gives way."""
        if self.room is None:
            return True
        others = self.room.stored - self.kept_bytes
        alone = Room(self.room.free + others, self.kept_bytes, self.room.limit)
        return self.disk_bytes == 0 or alone.lacks(self.disk_bytes) <= 0

    def __str__(self) -> str:
        size = f"{self.frames:,} frames of {self.clips:,} clips, {self.nbytes / 1e9:.2f} GB decoded"
        if self.room is None or self.encoding is None:
            return f"{size}: {self.place}"
        way = "in a frame store" if self.place is FramePlace.STORE else f"in {self.place}, from a frame store"
        return (
            f"{size}: {way} ({self.encoding.name}), {self.present:,} clips already there, about "
            f"{self.disk_bytes / 1e9:.2f} GB to write; {self.room}"
        )


class _Index(Protocol):
    """A pool, as :class:`~aqa_bench.learn.features.frame_index.FrameIndex` is one."""

    spec: FrameSpec
    indices: tuple[Indices, ...]

    def __len__(self) -> int: ...

    @property
    def keys(self) -> tuple[str, ...]: ...

    @property
    def lengths(self) -> Indices: ...

    @property
    def nbytes(self) -> int: ...


def stored_frames(spec: FrameSpec) -> StoredFrames:
    """The frames of a pool, as frame stores name them."""
    return StoredFrames(spec.resize, spec.crop, spec.frames)


def frame_cost(
    index: _Index,
    device: torch.device,
    folder: Path,
    *,
    budget: int = CPU_BUDGET,
    frames_needed: int | None = None,
) -> FrameCost:
    """What preparing a pool for a training takes; nothing is decoded or written.

    Frames that fit in memory go there. Others are decoded on the fly where the training needs so few of them
    that this is less work than decoding all that are not kept yet. Otherwise they go to a frame store, as
    ``AQA_BENCH_FRAMES`` says: ``auto`` keeps pixels as they are where they take at most 16 GB or what
    ``AQA_BENCH_FRAMES_LIMIT`` allows, and JPEGs of them otherwise. A pool that fits in a GPU's memory and is
    larger than :data:`CPU_BUDGET` goes there by way of a store without JPEGs, where there is space for it, so
    that the next run need not decode it.

    Args:
        index: The pool.
        device: Where frames are needed. On a GPU they may take half of the memory that is free.
        folder: Folder of the frame stores.
        budget: Bytes that they may take in the CPU's memory.
        frames_needed: Frames that the whole training will read, any of a clip's alike; unknown where None.

    Raises:
        UsageError: A setting of the environment has no such value.
    """
    if device.type == "cuda":
        budget = torch.cuda.mem_get_info(device)[0] // 2
    in_memory = index.nbytes <= budget
    place = FramePlace.MEMORY if in_memory else FramePlace.STORE
    nothing_kept = FrameCost(
        len(index), int(index.lengths.sum()), index.nbytes, place, None, int(_last(index).sum())
    )
    if in_memory and index.nbytes <= CPU_BUDGET:
        return nothing_kept
    space = room(folder)
    encoding = _encoding(index, folder, space)
    if in_memory and not (encoding.is_exact and index.nbytes <= max(space.limit, ALWAYS_RAW)):
        return nothing_kept
    present = FrameStore(folder, stored_frames(index.spec), encoding).present(index.keys)
    absent = np.array([key not in present for key in index.keys], bool)
    decodes = int(_last(index)[absent].sum())
    if not in_memory and frames_needed is not None:
        on_the_fly = round(frames_needed * float(np.mean([kept.mean() + 1 for kept in index.indices])))
        if on_the_fly < decodes:
            return replace(nothing_kept, place=FramePlace.MEDIA, decodes=on_the_fly)
    to_come = int(index.lengths[absent].sum()) * index.spec.side**2 * 3
    return replace(
        nothing_kept,
        encoding=encoding,
        decodes=decodes,
        present=len(index) - int(absent.sum()),
        kept_bytes=sum(present.values()),
        disk_bytes=encoding.expected_bytes(to_come, index.spec.side),
        room=space,
    )


def _last(index: _Index) -> Indices:
    return np.array([kept.max(initial=-1) + 1 for kept in index.indices], np.int64)


def _encoding(index: _Index, folder: Path, space: Room) -> Encoding:
    wanted = wanted_storage()
    if wanted != "auto":
        return RAW if wanted == "raw" else JPEG
    if index.nbytes <= max(space.limit, ALWAYS_RAW):
        return RAW
    is_there = (
        set(index.keys) <= FrameStore(folder, stored_frames(index.spec), RAW).present(index.keys).keys()
    )
    return RAW if is_there else JPEG
