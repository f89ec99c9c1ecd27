from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aqa_bench.core.link_claim import claim

_COUNT = """
import errno, fcntl, sys
from pathlib import Path

def flock(handle, operation):
    raise OSError(errno.ENOSYS, "no locks here")

fcntl.flock = flock
from aqa_bench.core.lock import exclusive

counter, lock = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(40):
    with exclusive(lock, poll_s=0.0005):
        value = int(counter.read_text())
        counter.write_text(str(value + 1))
"""


def test_one_holds_and_the_next_comes_after(tmp_path: Path) -> None:
    first, second = claim(tmp_path / "x"), claim(tmp_path / "x")
    assert (first.held, second.held) == (True, False)
    second.release()
    assert not claim(tmp_path / "x").held
    first.release()
    third = claim(tmp_path / "x")
    assert third.held
    third.release()
    assert list(tmp_path.iterdir()) == []


def test_a_claim_without_a_sign_of_life_is_dead_and_its_holder_releases_nobody_elses(tmp_path: Path) -> None:
    dead = claim(tmp_path / "x")
    file = tmp_path / "x.claim"
    os.utime(file, (time.time() - 120,) * 2)
    heir = claim(tmp_path / "x")
    assert heir.held
    dead.release()
    assert not claim(tmp_path / "x").held
    heir.release()


def test_who_died_while_burying_a_claim_keeps_nobody_out(tmp_path: Path) -> None:
    dead = claim(tmp_path / "x")
    dead._ended.set()
    file = tmp_path / "x.claim"
    os.link(file, tmp_path / f".x.claim.{file.stat().st_ino}.dead")
    time.sleep(0.4)
    heir = claim(tmp_path / "x", stale_s=0.2)
    assert heir.held
    heir.release()
    assert list(tmp_path.iterdir()) == []


def test_a_holder_that_lives_keeps_its_claim(tmp_path: Path) -> None:
    holder = claim(tmp_path / "x", stale_s=0.5)
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        assert not claim(tmp_path / "x", stale_s=0.5).held
        time.sleep(0.05)
    holder.release()


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for flock")
def test_processes_without_locks_take_turns(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", _COUNT, counter, tmp_path / "lock"]
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert counter.read_text() == "120"
