"""How much space frame stores may take, and what gives way where more is wanted."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.core.lock import exclusive
from aqa_bench.media.frame_store.lease import STORES_LOCK, in_use
from aqa_bench.media.frame_store.settings import FRAMES, LIMIT, wanted_limit

__all__ = ["ALWAYS_RAW", "NoRoomError", "Quota", "Room", "room"]

logger = logging.getLogger(__name__)

#: What takes no more than this is never compressed unasked: numbers would depend on the disk.
ALWAYS_RAW = 16 * 10**9
_MOST = 50 * 10**9
_CHUNK = 256 << 20
_ABANDONED_S = 86_400


class NoRoomError(DataError):
    """Decoded frames need more space than is available."""


@dataclass(frozen=True, slots=True)
class Room:
    """Space on the disk of the frame stores.

    Attributes:
        free: Bytes that are free.
        stored: Bytes that frame stores take.
        limit: Bytes that they may take.
    """

    free: int
    stored: int
    limit: int

    def lacks(self, needed: int) -> int:
        """Bytes that must give way before ``needed`` more fit; 0 or less where they fit as it is."""
        return max(self.stored + needed - self.limit, needed - self.free)

    def __str__(self) -> str:
        return f"{_gb(self.free)} free, {_gb(self.limit)} allowed, {_gb(self.stored)} of it used"


def room(root: Path) -> Room:
    """Measure the space for the frame stores in a folder, which need not exist.

    They may take ``AQA_BENCH_FRAMES_LIMIT``; by default 50 GB or half of what is free or theirs, whichever is
    smaller, though never less than 16 GB.

    Raises:
        UsageError: The limit that is set is no size.
    """
    return _measured(root, sum(entry.size for entry in _stored(root)))


class Quota:
    """Hands out space to files of the stores in one folder; the clips unused for longest give way.

    Args:
        root: Folder of the stores.
        is_exact: Whether JPEGs would take less.
    """

    def __init__(self, root: Path, *, is_exact: bool = True) -> None:
        self._root = root
        self._is_exact = is_exact
        self._left = 0
        self._guard = threading.Lock()

    def take(self, needed: int) -> None:
        """Take space for what is about to be written.

        Raises:
            NoRoomError: There is not enough, even without every clip that nobody uses.
        """
        with self._guard:
            if needed > self._left:
                # Counting the stores' files costs milliseconds, so that space is taken in larger pieces.
                self._left = min(self.make(needed), max(needed, _CHUNK))
            self._left -= needed

    def make(self, needed: int) -> int:
        """Make space, before long work fills it.

        Returns:
            Bytes that there are now.

        Raises:
            NoRoomError: As for :meth:`take`.
        """
        return _make_room(self._root, needed, self._is_exact)


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    name: str
    size: int
    used: float


def _make_room(root: Path, needed: int, is_exact: bool) -> int:
    """Remove clips until ``needed`` bytes fit; returns how many do."""
    with exclusive(root / STORES_LOCK):
        entries = sorted(_stored(root), key=lambda entry: entry.used)
        now = _measured(root, sum(entry.size for entry in entries))
        lacking = now.lacks(needed)
        if lacking > 0:
            used = in_use(root)
            idle = [entry for entry in entries if entry.name not in used]
            if sum(entry.size for entry in idle) < lacking:
                kept = now.stored - sum(entry.size for entry in idle)
                raise _too_large(root, needed, now, kept, is_exact)
            _remove(idle, lacking)
            now = room(root)
        return max(min(now.limit - now.stored, now.free), needed)


def _remove(entries: list[_Entry], lacking: int) -> None:
    count, gone = 0, 0
    for entry in entries:
        if gone >= lacking:
            break
        with suppress(OSError):
            entry.path.unlink()
            count, gone = count + 1, gone + entry.size
    logger.info("Deleted the %d least recently used clips (%s of decoded frames).", count, _gb(gone))


def _stored(root: Path) -> Iterator[_Entry]:
    """Every file of every store, those of earlier formats too; no locks, leases or files being written."""
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            # Gone meanwhile; or old, and this process may only read.
            with suppress(FileNotFoundError, PermissionError):
                status = path.stat()
                if not name.startswith("."):
                    relative = path.relative_to(root).as_posix()
                    yield _Entry(path, relative, status.st_size, status.st_mtime)
                elif name.endswith(".part") and status.st_mtime < time.time() - _ABANDONED_S:
                    path.unlink()


def _measured(root: Path, stored: int) -> Room:
    existing = next(folder for folder in (root, *root.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    limit = wanted_limit()
    if limit is None:
        limit = min(_MOST, max((free + stored) // 2, ALWAYS_RAW))
    return Room(free, stored, limit)


def _too_large(root: Path, needed: int, now: Room, kept: int, is_exact: bool) -> NoRoomError:
    smaller = f"keep frames as JPEGs ({FRAMES}=jpeg), " if is_exact else ""
    return NoRoomError(
        "Decoded frames need more space than is available.",
        where=root,
        expected=f"{_gb(needed)}, in addition to {_gb(kept)} in use",
        found=f"{_gb(now.free)} free on the disk, a limit of {_gb(now.limit)}",
        remedy=f"Free some space or raise {LIMIT}, {smaller}use a smaller size (resize) or fewer frames "
        "per clip (pool_frames), or set AQA_BENCH_CACHE to another disk.",
    )


def _gb(nbytes: int) -> str:
    return f"{nbytes / 1e9:.1f} GB" if nbytes >= 10**8 else f"{nbytes / 1e6:.1f} MB"
