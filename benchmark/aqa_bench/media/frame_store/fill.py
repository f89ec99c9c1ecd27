"""Filling a frame store: every clip that is not there is decoded, by whoever comes first."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.media.frame_store.clip_file import ClipFile
from aqa_bench.media.frame_store.room import NoRoomError
from aqa_bench.media.frame_store.store import Busy, FrameReader, FrameStore
from aqa_bench.media.frame_store.threads import unordered

__all__ = ["Filled", "fill"]

logger = logging.getLogger(__name__)

_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Filled:
    """What a store has of the clips that were asked for.

    Attributes:
        clips: Files of the clips that it has.
        skipped: Why it does not have the others.
    """

    clips: Mapping[str, ClipFile]
    skipped: Mapping[str, str]


def fill(
    store: FrameStore,
    readers: Mapping[str, FrameReader],
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> Filled:
    """Decode the clips that a store does not have, and keep all of them from being removed.

    A killed process leaves whole clips behind, and nothing else. Processes that fill the same store share
    the work. A clip that cannot be decoded is skipped.

    Args:
        store: The store; clips stay in it for as long as this object lives.
        readers: The clips by content key.
        threads: Number of threads.
        progress: Where to show progress.

    Raises:
        NoRoomError: There is not enough space.
        AqaBenchError: The folder cannot be written to.
    """
    progress = progress or NullProgress()
    store.hold(readers)
    clips = _checked(store, readers, threads, progress)
    missing = [key for key in readers if key not in clips]
    if not missing:
        return Filled(clips, {})
    side = store.stored.side
    nbytes = sum(len(readers[key]) for key in missing) * side**2 * 3
    store.make_room(store.encoding.expected_bytes(nbytes, side))
    # In an order of its own, so that processes do not wait for one another clip by clip.
    random.Random().shuffle(missing)
    skipped: dict[str, str] = {}
    progress.start("decoding", len(missing))
    try:
        while missing:
            waiting = []
            for key, result in unordered(
                lambda key: (key, _added(store, key, readers[key])), missing, threads
            ):
                if isinstance(result, Busy):
                    waiting.append(key)
                    continue
                if isinstance(result, str):
                    skipped[key] = result
                else:
                    clips[key] = result
                progress.advance()
            if len(waiting) == len(missing):
                time.sleep(_PAUSE_S)
            missing = waiting
    finally:
        progress.close()
    if skipped:
        logger.warning("%d of %d clips could not be decoded.", len(skipped), len(readers))
    return Filled(clips, skipped)


def _checked(
    store: FrameStore, readers: Mapping[str, FrameReader], threads: int, progress: Progress
) -> dict[str, ClipFile]:
    present = sorted(store.present(readers))
    if not present:
        return {}
    clips: dict[str, ClipFile] = {}
    progress.start("checking decoded frames", len(present))
    try:
        for key, found in unordered(lambda key: (key, store.find(key, len(readers[key]))), present, threads):
            if found is not None:
                clips[key] = found
            progress.advance()
    finally:
        progress.close()
    return clips


def _added(store: FrameStore, key: str, reader: FrameReader) -> ClipFile | Busy | str:
    try:
        return store.add(key, reader)
    except NoRoomError:
        raise
    except DataError as error:
        return error.found or error.what
