"""A limit of time on a block of code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Overdue", "time_limit"]


class Overdue(BaseException):
    """The time is up. It is no Exception, so that code which goes on after any failure does not catch it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop a block after some time.

    A call into compiled code is not cut short; the block ends as soon as it returns. Outside of the main
    thread, and where the platform has no timers, nothing is stopped.

    Args:
        seconds: Elapsed time that the block may take.

    Raises:
        Overdue: It took longer.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Overdue

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
