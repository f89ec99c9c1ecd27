from __future__ import annotations

import signal
import time
from contextlib import suppress
from threading import Thread

import pytest

from aqa_bench.protocol.doctor.time_limit import Overdue, time_limit


def test_a_block_that_takes_too_long_is_stopped() -> None:
    start = time.perf_counter()
    with pytest.raises(Overdue), time_limit(0.05):
        time.sleep(10)
    assert time.perf_counter() - start < 5


def test_code_that_goes_on_after_any_failure_is_stopped_too() -> None:
    def stubborn() -> None:
        while True:
            with suppress(Exception):
                time.sleep(1)

    with pytest.raises(Overdue), time_limit(0.05):
        stubborn()


def test_nothing_stays_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(30):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_other_threads_are_not_stopped() -> None:
    done = []

    def work() -> None:
        with time_limit(0.01):
            time.sleep(0.05)
            done.append(True)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
