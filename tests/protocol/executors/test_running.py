from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from aqa_bench.protocol.executors.driver import driving, stop_drivers
from aqa_bench.protocol.executors.running import at_work, running_jobs


def test_who_is_at_a_job_is_known_until_it_ends(tmp_path: Path) -> None:
    assert running_jobs(tmp_path) == {}
    with at_work(tmp_path, "a", "ray"):
        found = running_jobs(tmp_path)["a"]
        assert (found.host, found.process, found.engine) == (socket.gethostname(), os.getpid(), "ray")
        assert str(found).startswith("ray on ")
    assert running_jobs(tmp_path) == {}


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    note = {"host": "h", "process": 1, "since": "2026-01-01T00:00:00+00:00", "engine": ""}
    (tmp_path / "a.json").write_text(json.dumps(note))
    assert running_jobs(tmp_path) == {}
    assert not (tmp_path / "a.json").exists()


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with at_work(tmp_path, "a"):
            order.append("second")

    with at_work(tmp_path, "a"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_task_of_slurm_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"JOB_ID": "9", "ARRAY_JOB_ID": "7", "ARRAY_TASK_ID": "3"}
    for name, value in names.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    with at_work(tmp_path, "a"):
        assert running_jobs(tmp_path)["a"].engine == "slurm 7_3, node n1,"


def test_a_suite_that_runs_here_is_interrupted(tmp_path: Path) -> None:
    # What a shell starts in the background ignores the signal until it is asked for.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _is_interrupted(tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)


def _is_interrupted(tmp_path: Path) -> None:
    assert stop_drivers(tmp_path) == 0
    with pytest.raises(KeyboardInterrupt), driving(tmp_path):  # noqa: PT012 - the signal comes a moment later
        assert stop_drivers(tmp_path) == 1
        time.sleep(5)
    assert stop_drivers(tmp_path) == 0
