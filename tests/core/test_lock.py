from __future__ import annotations

import threading
import time
from pathlib import Path

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
