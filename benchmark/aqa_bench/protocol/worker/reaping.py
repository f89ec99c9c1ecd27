"""The end of a process, with all that it started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

__all__ = ["end_group", "how", "orphans", "take_in_orphans"]

_SUBREAPER = 36


def end_group(process: int) -> int:
    """Wait for a child, which leads a group of its own, end what is left of the group, and tell how it went.

    Args:
        process: Its id.

    Returns:
        Its wait status.
    """
    # Not reaped yet: its number, and that of its group, belongs to nobody else meanwhile.
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    return os.waitpid(process, 0)[1]


def take_in_orphans() -> None:
    """Become the parent of what this process's children leave behind, where the system allows it."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def orphans(known: set[int]) -> list[int]:
    """Children of this process that it did not start: what workers have left behind in other groups."""
    found = list[int]()
    # Any of them may end meanwhile: a pattern of pathlib would fail on it.
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # The name may hold spaces and brackets; what follows the last one does not.
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and int(process.name) not in known:
                found.append(int(process.name))
    return found


def how(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
