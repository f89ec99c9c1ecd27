"""One process at a time, even after a crash."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.link_claim import STALE_S, claim

__all__ = ["attempt", "exclusive"]

logger = logging.getLogger(__name__)

_PATIENCE_S = 1.0
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_warned: set[Path] = set()

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def exclusive(path: Path, poll_s: float = 0.1) -> Iterator[None]:
    """Hold a lock file, waiting for whoever holds it; after a second a warning says for whom.

    The operating system drops the lock when its holder ends, however that happens, so that a killed
    process leaves nothing stale. On a file system without locks an atomic link is made in its place
    (:mod:`~aqa_bench.core.link_claim`): a killed holder's counts as dead after a minute.

    Args:
        path: The lock file; made when missing and left in place. Its time of change is when it was taken.
        poll_s: Seconds between attempts.

    Raises:
        AqaBenchError: The lock file cannot be made or locked.
    """
    with _opened(path) as file, ExitStack() as held:
        begun, told = time.monotonic(), False
        while not _taken(file, path, held):
            if not told and time.monotonic() - begun >= _PATIENCE_S:
                logger.warning("Waiting for another process: %s", _holder(file, path))
                told = True
            time.sleep(poll_s)
        yield


@contextmanager
def attempt(path: Path) -> Iterator[bool]:
    """Hold a lock file if nobody else does.

    Args:
        path: The lock file; made when missing and left in place.

    Yields:
        Whether it is held.

    Raises:
        AqaBenchError: The lock file cannot be made or locked.
    """
    with _opened(path) as file, ExitStack() as held:
        yield _taken(file, path, held)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise _impossible(path, error) from error
    with file:
        yield file


def _taken(file: IO[bytes], path: Path, held: ExitStack) -> bool:
    try:
        taken = _lock(file.fileno())
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise _impossible(path, error) from error
        if path.parent not in _warned:
            _warned.add(path.parent)
            logger.warning(
                "The file system of %s has no locks (%s), so links replace them; a lock of a killed process "
                "is free after %d s.",
                path.parent,
                error.strerror or error,
                STALE_S,
            )
        return _linked(path, held)
    if taken:
        with suppress(OSError):
            os.utime(path)
    return taken


def _linked(path: Path, held: ExitStack) -> bool:
    try:
        made = claim(path)
    except OSError as error:
        raise _impossible(path, error) from error
    held.callback(made.release)
    return made.held


def _holder(file: IO[bytes], path: Path) -> str:
    """The lock file, since when it is held and by whom, as far as that can be found out."""
    found = os.fstat(file.fileno())
    since = datetime.fromtimestamp(found.st_mtime).astimezone().isoformat(" ", "seconds")
    process = next((f", process {pid}" for pid in _locking(found.st_dev, found.st_ino)), "")
    return f"it has held {path} since {since}{process}"


def _locking(device: int, inode: int) -> Iterator[int]:
    """Processes of this machine that hold a lock on a file; Linux lists them."""
    wanted = f"{os.major(device):02x}:{os.minor(device):02x}:{inode}" if sys.platform != "win32" else ""
    with suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            # "1: FLOCK ADVISORY WRITE 4711 08:02:131 0 EOF"; those that wait have an arrow after the number.
            words = line.split()
            if len(words) > 5 and words[1] == "FLOCK" and words[5] == wanted and int(words[4]) > 0:
                yield int(words[4])


def _impossible(path: Path, error: OSError) -> AqaBenchError:
    return AqaBenchError(
        "A lock file could not be created or locked.",
        where=path,
        expected="a writable folder",
        found=f"{error.strerror or error} ({errno.errorcode.get(error.errno or 0, 'unknown')})",
        remedy="Fix the permissions, mount the folder for writing, or choose another one (AQA_BENCH_DATA, "
        "AQA_BENCH_CACHE, --out).",
    )
