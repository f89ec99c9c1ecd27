from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.lock import attempt, exclusive


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with exclusive(tmp_path / "new" / "lock", poll_s=0.001):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_an_attempt_does_not_wait(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    with attempt(lock) as first, attempt(lock) as second:
        assert (first, second) == (True, False)
    with attempt(lock) as again:
        assert again
    with exclusive(lock), attempt(lock) as held:
        assert not held


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for flock")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_it_warns_once_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    monkeypatch.setattr("fcntl.flock", _failing(number))
    for name in ("a", "b"):
        with exclusive(tmp_path / name):
            pass
    with attempt(tmp_path / "a") as held, attempt(tmp_path / "a") as second:
        assert (held, second) == (True, False)
    with attempt(tmp_path / "a") as again:
        assert again
    (warning,) = [record.getMessage() for record in caplog.records]
    assert str(tmp_path) in warning
    assert "has no locks" in warning
    assert os.strerror(number) in warning


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for flock")
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_lock_that_cannot_be_had_says_which_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("fcntl.flock", _failing(number))
    with pytest.raises(AqaBenchError) as error, exclusive(tmp_path / "lock"):
        raise AssertionError("never held")
    assert error.value.where == str(tmp_path / "lock")
    assert errno.errorcode[number] in str(error.value)


def test_a_folder_that_cannot_be_made_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AqaBenchError, match=r"ENOTDIR|EEXIST"), exclusive(tmp_path / "file" / "lock"):
        raise AssertionError("never held")


@pytest.mark.skipif(not Path("/proc/locks").is_file(), reason="needs Linux")
def test_who_waits_is_told_for_what_since_when_and_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("aqa_bench.core.lock._PATIENCE_S", 0.05)
    lock = tmp_path / "lock"
    code = "import sys; from aqa_bench.core.lock import exclusive; from pathlib import Path\n"
    code += "with exclusive(Path(sys.argv[1])): print('held', flush=True); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert holder.stdin is not None
        threading.Timer(0.3, holder.stdin.close).start()
        with exclusive(lock, poll_s=0.01):
            pass
    (told,) = [record.getMessage() for record in caplog.records]
    assert str(lock) in told
    assert f"process {holder.pid}" in told
    assert f"since {datetime.now():%Y-%m-}" in told


def _failing(number: int) -> Callable[[int, int], None]:
    def flock(handle: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    return flock
