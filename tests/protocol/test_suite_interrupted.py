from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("interrupted_workers.py")
SECONDS = 20


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_processes_end_when_their_parent_alone_is_interrupted(tmp_path: Path, name: str) -> None:
    parent = subprocess.Popen([sys.executable, SCRIPT, tmp_path], stderr=subprocess.DEVNULL)
    try:
        _until(lambda: len(list(tmp_path.iterdir())) == 2)
        children = [int(file.name) for file in tmp_path.iterdir()]
        assert all(map(_lives, children))
        parent.send_signal(getattr(signal, name))
        assert parent.wait(SECONDS) != 0
        _until(lambda: not any(map(_lives, children)))
        assert len(list(tmp_path.iterdir())) == 2
    finally:
        parent.kill()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A zombie has ended; nobody may have asked for its exit status yet.
    status = Path(f"/proc/{process}/status")
    return not status.is_file() or "State:\tZ" not in status.read_text()
