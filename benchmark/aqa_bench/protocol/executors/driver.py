"""The process that runs a suite on this machine or on Ray: it can be told to stop."""

from __future__ import annotations

import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.executors.running import at_work, running_jobs

__all__ = ["driving", "stop_drivers"]

_FOLDER = "drivers"


@contextmanager
def driving(folder: Path) -> Iterator[None]:
    """Note that this process runs a suite.

    Args:
        folder: Folder of the suite's log.
    """
    with at_work(folder / _FOLDER, f"{os.getpid()}-{secrets.token_hex(4)}"):
        yield


def stop_drivers(folder: Path) -> int:
    """Interrupt the processes that run a suite, as Ctrl-C would: what is finished is kept.

    Args:
        folder: Folder of the suite's log.

    Returns:
        How many were told to stop.

    Raises:
        UsageError: One is on another machine.
    """
    found = running_jobs(folder / _FOLDER).values()
    far = [driver for driver in found if driver.host != socket.gethostname()]
    near = [driver for driver in found if driver.host == socket.gethostname()]
    for driver in near:
        os.kill(driver.process, signal.SIGINT)
    if far:
        raise UsageError(
            "The suite runs on another machine.",
            where=folder,
            expected=f"this machine, {socket.gethostname()}",
            found=", ".join(f"process {driver.process} on {driver.host}" for driver in far),
            remedy="Cancel it there.",
        )
    return len(near)
