"""Processes that end with the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

__all__ = ["end_with_parent", "end_with_starter"]

_SET_DEATH_SIGNAL = 1


def end_with_parent(line: Connection | None = None) -> None:
    """End this process as soon as the one that started it ends, however that happens.

    To be called in a child of :mod:`multiprocessing`, by any start method; for a child of a fork server the
    parent is the process that asked for it. A parent that was killed cannot tell its children, and they would
    wait for work, or finish it for nobody. Linux' parent-death signal (:func:`end_with_starter`) will not do:
    it is sent when the *thread* that started the child ends.

    Args:
        line: Reading end of a pipe to which nothing is ever written: this process ends as well when the
            parent closes its writing end.
    """
    parent = parent_process()
    watched: list[Connection | int] = [] if parent is None else [parent.sentinel]
    watched += [] if line is None else [line]
    if watched:
        threading.Thread(target=_end_after, args=(watched,), name="lifeline", daemon=True).start()


def _end_after(watched: list[Connection | int]) -> None:
    wait(watched)
    os._exit(1)


def end_with_starter() -> None:
    """Have this process killed when the thread that started it ends; nothing where the system is not Linux.

    For the ``preexec_fn`` of a command that its starter waits for: a command has no line to its starter.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
