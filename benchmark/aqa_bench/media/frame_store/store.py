"""Reading a frame store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.frame_store.plan import Plan

__all__ = ["ARRAY_FILE", "INDEX_FILE", "FrameStore", "open_store"]

ARRAY_FILE = "frames.u8"
INDEX_FILE = "index.json"


class FrameStore:
    """All frames of a dataset, decoded, in one memory-mapped array.

    Reading is an array read; the operating system keeps the frames in use in memory and shares them
    between processes. A store pickles as the name of its folder.

    Args:
        folder: A finished store.

    Attributes:
        folder: Where the store lies.
        array: ``(N, size, size, 3)`` uint8 RGB, read-only; clips follow one another.
        offsets: First row of every clip.
        lengths: Number of frames of every clip.
        skipped: Reason for every clip that could not be decoded.
        size: Side of a frame in pixels.
        fit: How frames were fitted into the square, ``squash`` or ``letterbox``.
        fingerprint: Fingerprint of the dataset the store was built from.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plan = _read_index(folder)
        self.size = plan.size
        self.fit = plan.fit
        self.fingerprint = plan.fingerprint
        self.offsets: Mapping[str, int] = MappingProxyType(plan.offsets)
        self.lengths: Mapping[str, int] = MappingProxyType(plan.lengths)
        self.skipped: Mapping[str, str] = MappingProxyType(plan.skipped)
        self.array = _map(folder / ARRAY_FILE, plan)

    def __reduce__(self) -> tuple[type[FrameStore], tuple[Path]]:
        return FrameStore, (self.folder,)

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self.offsets

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def nbytes(self) -> int:
        """Size of the array in bytes."""
        return int(self.array.nbytes)

    def frames(
        self, clip_id: str, indices: Sequence[int] | npt.NDArray[np.integer[Any]] | None = None
    ) -> UInt8Array:
        """Frames of a clip.

        Args:
            clip_id: The clip.
            indices: Zero-based frame numbers in any order, repeats allowed; all frames by default.

        Returns:
            ``(T, size, size, 3)`` uint8 RGB: a copy, or a read-only view where ``indices`` is None.

        Raises:
            DataError: The clip was skipped or is not in the store, or has no such frame.
        """
        try:
            offset, length = self.offsets[clip_id], self.lengths[clip_id]
        except KeyError:
            raise self._absent(clip_id) from None
        if indices is None:
            return self.array[offset : offset + length]
        rows = np.asarray(indices, dtype=np.int64)
        if rows.size and not (rows.min() >= 0 and rows.max() < length):
            raise DataError(
                f"Clip {clip_id} has no such frame.",
                where=self.folder,
                expected=f"0..{length - 1}",
                found=f"{rows.min()}..{rows.max()}",
            )
        return self.array.take(rows + offset, axis=0)

    def _absent(self, clip_id: str) -> DataError:
        reason = self.skipped.get(clip_id)
        return DataError(
            f"The frame store has no clip {clip_id}.",
            where=self.folder,
            expected=f"one of {len(self)} clips",
            found="an unknown id" if reason is None else f"skipped: {reason}",
            remedy="Leave the clip out, or replace its media and build the store again.",
        )


def open_store(folder: Path) -> FrameStore:
    """Open a finished store.

    Args:
        folder: As :func:`aqa_bench.media.frame_store.store_folder` names it.

    Raises:
        DataError: There is no finished store, or it is damaged.
    """
    return FrameStore(folder)


def _read_index(folder: Path) -> Plan:
    try:
        return Plan.from_document(json.loads((folder / INDEX_FILE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError(
            "There is no finished frame store.",
            where=folder,
            expected=f"an index in {INDEX_FILE}",
            found=f"{type(error).__name__}: {error}",
            remedy="Build the store again; what is already decoded is kept.",
        ) from error


def _map(path: Path, plan: Plan) -> UInt8Array:
    shape = (plan.rows, plan.size, plan.size, 3)
    found = path.stat().st_size if path.is_file() else None
    if found != plan.bytes:
        raise DataError(
            "A frame store is damaged.",
            where=path,
            expected=f"{plan.bytes:,} bytes",
            found="no file" if found is None else f"{found:,} bytes",
            remedy="Delete the store's folder; it is built again when needed.",
        )
    if plan.bytes == 0:
        return np.zeros(shape, np.uint8)
    return np.asarray(np.memmap(path, np.uint8, mode="r", shape=shape))
