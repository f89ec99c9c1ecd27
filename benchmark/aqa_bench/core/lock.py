"""One process at a time, even after a crash."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["attempt", "exclusive"]

logger = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def exclusive(path: Path, poll_s: float = 0.1) -> Iterator[None]:
    """Hold a lock file, waiting for whoever holds it.

    The operating system drops the lock when its holder ends, however that happens, so that a killed
    process leaves nothing stale.

    Args:
        path: The lock file; made when missing and left in place.
        poll_s: Seconds between attempts.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if not _try_lock(file.fileno()):
            logger.info("Another process is at work on %s; waiting for it.", path.parent)
            while not _try_lock(file.fileno()):
                time.sleep(poll_s)
        yield


@contextmanager
def attempt(path: Path) -> Iterator[bool]:
    """Hold a lock file if nobody else does.

    Args:
        path: The lock file; made when missing and left in place.

    Yields:
        Whether it is held.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        yield _try_lock(file.fileno())
