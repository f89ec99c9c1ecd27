"""Keeps one worker alive while the app answers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aqa_bench.coach.web.settings import Settings
from aqa_bench.coach.web.worker import settings_line

__all__ = ["worker_alive"]

_AGAIN_S: Final = 1.0
_LOOK_S: Final = 0.2
_END_S: Final = 10.0


@contextmanager
def worker_alive(settings: Settings) -> Iterator[None]:
    """Have a worker running within the block, and another one whenever it ends.

    Args:
        settings: What the worker has to know.
    """
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(settings, over), name="supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep(settings: Settings, over: threading.Event) -> None:
    while not over.is_set():
        worker = subprocess.Popen(
            [sys.executable, "-m", "aqa_bench.coach.web.worker", settings_line(settings)],
            stdin=subprocess.DEVNULL,
        )
        while worker.poll() is None and not over.wait(_LOOK_S):
            pass
        if worker.poll() is None:
            worker.terminate()
            try:
                worker.wait(_END_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        over.wait(_AGAIN_S)
