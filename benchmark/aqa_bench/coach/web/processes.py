"""A look at the processes below a job, and their end."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["end_group", "memory_below"]

_PROC: Final = Path("/proc")
_PARENT, _RESIDENT = 1, 21


def memory_below(pid: int) -> int:
    """Resident bytes of a process and all below it; 0 where the system is not Linux.

    Pages that several of them share count for each.
    """
    parents: dict[int, list[int]] = defaultdict(list)
    resident: dict[int, int] = {}
    if not _PROC.is_dir():
        return 0
    for entry in os.scandir(_PROC):
        if entry.name.isdigit():
            # Processes end while one looks.
            with suppress(OSError, IndexError, ValueError):
                # The name stands in brackets and may hold anything.
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                parents[int(fields[_PARENT])].append(int(entry.name))
                resident[int(entry.name)] = int(fields[_RESIDENT])
    pages, left = 0, [pid]
    while left:
        process = left.pop()
        pages += resident.get(process, 0)
        left += parents[process]
    return pages * os.sysconf("SC_PAGE_SIZE")


def end_group(group: int) -> None:
    """Kill a process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
