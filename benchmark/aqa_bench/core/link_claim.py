"""Claims on file systems without locks: a hard link, which one process alone can make, kept fresh."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["STALE_S", "claim"]

STALE_S: Final = 60.0
"""Seconds without a sign of life after which a claim's holder counts as dead."""
_BEATS = 6


class claim:  # noqa: N801 - reads as the verb that it is, as ``open`` does
    """A try to claim a path; who holds it keeps a thread that touches the claim until it is released.

    Links are made in one step by every file system that several machines share, NFS among them, while locks
    may be missing or hold on one machine alone. Times are compared among files of the same server, so that
    machines' clocks do not matter.

    Args:
        path: What is claimed; the claim lies beside it, its name followed by ``.claim``.
        stale_s: Seconds without a sign of life after which another holder counts as dead.

    Attributes:
        held: Whether the claim is this one's.

    Raises:
        OSError: The folder cannot be written to.
    """

    def __init__(self, path: Path, stale_s: float = STALE_S) -> None:
        self._path = path.with_name(f"{path.name}.claim")
        self._ended = threading.Event()
        self._stale_s = stale_s
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".claiming", dir=path.parent)
        own = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{socket.gethostname()} {os.getpid()}\n")
            self._own = own.stat().st_ino
            self._bury(own.stat().st_mtime)
            with suppress(FileExistsError):
                os.link(own, self._path)
            # Over NFS an answer may get lost: what the name leads to says whether the link was made.
            self.held = self._is_own()
        finally:
            own.unlink(missing_ok=True)
        if self.held:
            threading.Thread(target=self._beat, name=f"claim {path.name}", daemon=True).start()

    def release(self) -> None:
        """Give the claim up."""
        self._ended.set()
        if self.held and self._is_own():
            self._path.unlink(missing_ok=True)

    def _is_own(self) -> bool:
        try:
            return self._path.stat().st_ino == self._own
        except OSError:
            return False

    def _beat(self) -> None:
        while not self._ended.wait(self._stale_s / _BEATS):
            with suppress(OSError):
                os.utime(self._path)

    def _bury(self, now: float) -> None:
        """Remove a claim whose holder gave no sign of life for long; of several who try, one does."""
        try:
            found = self._path.stat()
            if now - found.st_mtime < self._stale_s:
                return
            grave = self._path.with_name(f".{self._path.name}.{found.st_ino}.dead")
            # A link sets the time of change: an old one is of somebody who died while burying.
            if found.st_nlink > 1 and now - found.st_ctime > self._stale_s:
                grave.unlink(missing_ok=True)
            # Linked first: whoever comes second finds the link, or a new claim under the name.
            os.link(self._path, grave)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EEXIST):
                raise
            return
        try:
            if grave.stat().st_ino == found.st_ino:
                self._path.unlink(missing_ok=True)
        finally:
            grave.unlink(missing_ok=True)
