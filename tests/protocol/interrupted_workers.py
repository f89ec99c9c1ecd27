"""Two processes of ``in_processes`` at endless work. Argument: the folder where they leave their ids."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from aqa_bench.protocol.suite_workers import in_processes


def work(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


if __name__ == "__main__":
    # A shell starts what it puts into the background with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for _ in in_processes([sys.argv[1]] * 3, (None, None), work, lambda job, error: None):
        pass
