"""Building a frame store: decode every clip once, in parallel, and go on after a crash."""

from __future__ import annotations

import json
import logging
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.lock import exclusive
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.frame_store.journal import Entry, append, checksum, read_journal, write_journal
from aqa_bench.media.frame_store.plan import (
    ClipSource,
    Measured,
    Plan,
    count_frames,
    estimated_bytes,
    make_plan,
    store_folder,
)
from aqa_bench.media.frame_store.pool import map_unordered
from aqa_bench.media.frame_store.store import ARRAY_FILE, INDEX_FILE, FrameStore
from aqa_bench.media.geometry import Fit
from aqa_bench.media.images import IMAGE_SUFFIXES, read_image
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video import iter_frames

__all__ = ["build"]

logger = logging.getLogger(__name__)

_PLAN_FILE = "plan.json"
_JOURNAL_FILE = "done.jsonl"
_LOCK_FILE = ".lock"
_CRASHED = "the decoder crashed"


@dataclass(frozen=True, slots=True)
class _Task:
    clip: str
    source: ClipSource
    array: Path
    offset: int
    length: int
    size: int
    fit: Fit


def build(
    clips: Mapping[str, ClipSource],
    root: Path,
    size: int,
    fit: Fit = "squash",
    *,
    fingerprint: str,
    jobs: int = 1,
    progress: Progress | None = None,
) -> FrameStore:
    """Decode clips into a frame store, or open the store where it already exists.

    The store lies in a folder of ``root`` named after the clips, size, fit and fingerprint, so a
    changed dataset gets another one. A clip that cannot be decoded is skipped and listed in
    :attr:`FrameStore.skipped` with the reason. A killed build goes on with the clips that are missing.
    Of several processes that build the same store one works and the others wait. The expected size is
    logged before anything is decoded. A process holds one frame at a time.

    Args:
        clips: Clip ids and where their frames come from: a video, an image (one frame), or a
            :class:`FrameReader`.
        root: Folder of stores.
        size: Side of the square frames in pixels.
        fit: ``squash`` stretches to the square, ``letterbox`` keeps the aspect ratio and pads with black.
        fingerprint: Fingerprint of the dataset.
        jobs: Number of processes.
        progress: Where to show progress.

    Returns:
        The finished store.

    Raises:
        AqaBenchError: The disk is full or cannot be written to.
        UsageError: The size is not positive or the fit is unknown.
    """
    progress = progress or NullProgress()
    folder = store_folder(root, list(clips), size, fit, fingerprint)
    if not (folder / INDEX_FILE).is_file():
        try:
            with exclusive(folder / _LOCK_FILE):
                if not (folder / INDEX_FILE).is_file():
                    _build(clips, folder, size, fit, fingerprint, jobs, progress)
        except OSError as error:
            raise AqaBenchError(
                "The frame store could not be written.",
                where=folder,
                expected="a folder that can be written to, with free space",
                found=error.strerror or str(error),
                remedy="Free some space and run again; what is already decoded is kept.",
            ) from error
    return FrameStore(folder)


def _build(
    clips: Mapping[str, ClipSource],
    folder: Path,
    size: int,
    fit: Fit,
    fingerprint: str,
    jobs: int,
    progress: Progress,
) -> None:
    plan = _load_plan(folder / _PLAN_FILE)
    if plan is None:
        plan = make_plan(_measure(clips, jobs, progress), size, fit, fingerprint)
        write_atomic(folder / _PLAN_FILE, pretty_json(plan.document()))
    array, journal = folder / ARRAY_FILE, folder / _JOURNAL_FILE
    done = {entry.clip: entry for entry in read_journal(journal) if _is_intact(entry, array, plan)}
    write_journal(journal, done.values())
    logger.info(
        "Frame store of %d clips, %d frames, %.2f GB in %s; %d clips are already decoded.",
        len(plan.offsets), plan.rows, plan.bytes / 1e9, folder, len(done),
    )  # fmt: skip
    _allocate(array, plan.bytes)
    tasks = [
        _Task(clip, clips[clip], array, plan.offsets[clip], plan.lengths[clip], size, fit)
        for clip in plan.offsets
        if clip not in done
    ]
    progress.start("Decoding", len(plan.offsets))
    progress.advance(len(done))
    for entry in map_unordered(_decode, tasks, jobs, lambda task: Entry(task.clip, reason=_CRASHED)):
        append(journal, entry)
        done[entry.clip] = entry
        progress.advance()
    progress.close()
    _finish(folder, plan, done)


def _measure(clips: Mapping[str, ClipSource], jobs: int, progress: Progress) -> list[Measured]:
    progress.start("Counting frames", len(clips))
    measured: list[Measured] = []
    for result in map_unordered(_count, clips.items(), jobs, lambda item: (item[0], 0, _CRASHED)):
        measured.append(result)
        progress.advance()
    progress.close()
    return measured


def _count(item: tuple[str, ClipSource]) -> Measured:
    return count_frames(*item)


def _load_plan(path: Path) -> Plan | None:
    try:
        return Plan.from_document(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def _is_intact(entry: Entry, array: Path, plan: Plan) -> bool:
    if entry.clip not in plan.offsets or entry.reason:
        return bool(entry.reason)
    if not array.is_file():
        return False
    start = estimated_bytes(plan.offsets[entry.clip], plan.size)
    return checksum(array, start, estimated_bytes(entry.frames, plan.size)) == entry.crc


def _allocate(array: Path, size: int) -> None:
    present = array.stat().st_blocks * 512 if array.is_file() and hasattr(os.stat_result, "st_blocks") else 0
    free = shutil.disk_usage(array.parent).free
    if free < size - present:
        raise AqaBenchError(
            "There is not enough space for the frame store.",
            where=array.parent,
            expected=f"{(size - present) / 1e9:.2f} GB",
            found=f"{free / 1e9:.2f} GB free",
            remedy="Free some space, choose a smaller frame size, or set AQA_BENCH_CACHE to another disk.",
        )
    with array.open("ab") as file:
        file.truncate(size)


def _decode(task: _Task) -> Entry:
    frames, crc = 0, 0
    start = estimated_bytes(task.offset, task.size)
    reading = _frames(task)
    with task.array.open("r+b") as file:
        file.seek(start)
        while True:
            try:
                frame = next(reading, None)
            except DataError as error:
                return Entry(task.clip, reason=error.found or error.what)
            except OSError as error:
                return Entry(task.clip, reason=error.strerror or str(error))
            if frame is None:
                break
            if frames == task.length:
                return Entry(task.clip, reason=f"more frames than the {task.length} its container lists")
            data = np.ascontiguousarray(frame).data
            file.write(data)
            crc = zlib.crc32(data, crc)
            frames += 1
    return Entry(task.clip, frames, crc) if frames else Entry(task.clip, reason="no frames")


def _frames(task: _Task) -> Iterator[UInt8Array]:
    if not isinstance(task.source, MediaFile):
        yield from _checked(task.source(task.size, task.fit), task.size)
    elif task.source.suffix in IMAGE_SUFFIXES:
        yield read_image(task.source, task.size, task.fit)
    else:
        yield from iter_frames(task.source, task.size, task.fit, threads=1)


def _checked(frames: UInt8Array, size: int) -> UInt8Array:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != (size, size, 3):
        raise DataError(
            "A reader returned something other than frames.",
            expected=f"(T, {size}, {size}, 3) uint8",
            found=f"{frames.shape} {frames.dtype}",
        )
    return frames


def _finish(folder: Path, plan: Plan, done: Mapping[str, Entry]) -> None:
    good = {clip: entry for clip, entry in done.items() if not entry.reason}
    bad = {clip: entry.reason for clip, entry in done.items() if entry.reason}
    index = replace(
        plan,
        offsets={clip: offset for clip, offset in plan.offsets.items() if clip in good},
        lengths={clip: good[clip].frames for clip in plan.offsets if clip in good},
        skipped=dict(sorted({**plan.skipped, **bad}.items())),
    )
    with (folder / ARRAY_FILE).open("r+b") as file:
        os.fsync(file.fileno())
    write_atomic(folder / INDEX_FILE, pretty_json(index.document()))
    (folder / _PLAN_FILE).unlink(missing_ok=True)
    (folder / _JOURNAL_FILE).unlink(missing_ok=True)
    if index.skipped:
        logger.warning(
            "%d of %d clips could not be decoded.", len(index.skipped), len(done) + len(plan.skipped)
        )
