"""Jobs that hang, crash or eat memory cost themselves alone; kills lose nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.coach.web.database import Database
from aqa_bench.coach.web.jobs import Job, Jobs, State, new_key
from aqa_bench.coach.web.processes import memory_below
from aqa_bench.coach.web.storage import CLIP, FolderStorage
from aqa_bench.coach.web.worker import Worker, settings_from, settings_line

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc as on Linux"),
    pytest.mark.xdist_group("coach-worker"),
]


class Bench:
    """A queue with a worker in this process."""

    def __init__(self, settings: Any, clip: Path) -> None:
        settings.data.mkdir(parents=True, exist_ok=True)
        self.settings, self.clip = settings, clip
        self.jobs = Jobs(Database(settings.data / "jobs.sqlite"))
        self.storage = FolderStorage(settings.data / "clips")
        self.worker = Worker(settings, settings.data / "worker.log")

    def add(self, exercise: str) -> str:
        key = new_key()
        file = self.settings.data / "incoming"
        file.write_bytes(self.clip.read_bytes())
        self.storage.put(key, CLIP, file)
        self.jobs.add(key, "me", name="a.mp4", exercise=exercise, blur=False)
        return key

    def judged(self, exercise: str) -> Job:
        key = self.add(exercise)
        assert self.worker.step()
        found = self.jobs.find(key)
        assert found is not None
        return found


@pytest.fixture
def bench(own_settings: Callable[..., Any], clip: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def new(**limits: Any) -> Bench:
        made.append(Bench(own_settings(**limits), clip))
        return made[-1]

    yield new
    for one in made:
        one.worker.close()


@pytest.fixture(scope="module")
def shared(settings: Any, clip: Path) -> Iterator[Bench]:
    """One for several tests: its process stays warm from one to the next."""
    one = Bench(settings, clip)
    yield one
    one.worker.close()


def child(bench: Bench) -> int | None:
    process = bench.worker._judge._process
    return None if process is None else process.pid


def test_the_models_stay_warm_between_clips(bench: Callable[..., Bench]) -> None:
    one = bench()
    assert one.judged("squat").state is State.DONE
    first = child(one)
    assert one.judged("overhead-press").state is State.FAILED
    done = one.judged("squat")
    assert (done.state, done.summary) == (State.DONE, {"good": 1, "error": 1, "partial": 1})
    assert child(one) == first
    assert not list((one.settings.data / "work").iterdir())


@pytest.mark.parametrize(
    ("exercise", "limits", "said"),
    [
        ("barbell-row", {"silent_s": 4}, "stopped making progress"),
        ("barbell-row", {"job_s": 4}, "longer than"),
        ("shoulder-shrug", {}, "crashed on it"),
        ("shoulder-press", {"memory": 300 << 20}, "more memory"),
    ],
    ids=["hangs", "takes too long", "crashes", "eats memory"],
)
def test_a_bad_job_costs_itself_alone(
    shared: Bench, exercise: str, limits: dict[str, Any], said: str
) -> None:
    one = shared
    one.worker._judge._limits = replace(one.settings.limits, **limits)
    bad = one.judged(exercise)
    assert bad.state is State.FAILED
    assert said in bad.failure["what"]
    assert one.judged("squat").state is State.DONE


def test_an_engine_that_cannot_start_blames_no_clip(own_settings: Callable[..., Any], clip: Path) -> None:
    one = Bench(replace(own_settings(), engine="no_such_module:assess"), clip)
    failed = one.judged("squat")
    one.worker.close()
    assert "unexpected error" in failed.failure["what"]
    assert "no_such_module" in (one.settings.data / "worker.log").read_text()


def test_results_that_find_no_room_are_said(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = bench()
    key = one.add("squat")

    def full(self: Any, key: str, name: str, file: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(FolderStorage, "put", full)
    one.worker.step()
    failed = one.jobs.find(key)
    assert failed.state is State.FAILED
    assert "could not be stored" in failed.failure["what"]
    assert one.storage.local(key, CLIP) is not None


def test_a_clip_that_is_deleted_meanwhile_leaves_nothing(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = bench()
    key = one.add("bicep-curl")
    progress = Jobs.progress

    def deleted(self: Jobs, key: str, *values: Any) -> bool:
        self.delete(key)
        one.storage.delete(key)
        return progress(self, key, *values)

    monkeypatch.setattr(Jobs, "progress", deleted)
    assert one.worker.step()
    assert one.jobs.find(key) is None
    assert not list((one.settings.data / "clips").iterdir())


def test_what_is_too_old_is_deleted(own_settings: Callable[..., Any], clip: Path) -> None:
    one = Bench(replace(own_settings(), keep_s=0), clip)
    key = one.add("squat")
    time.sleep(0.01)
    one.worker._expire()
    one.worker.close()
    assert one.jobs.find(key) is None
    assert one.storage.local(key, CLIP) is None


def test_a_long_queue_does_not_keep_what_is_too_old(shared: Bench) -> None:
    old, new = shared.add("squat"), shared.add("squat")
    with shared.jobs._database.write() as connection:
        connection.execute("UPDATE jobs SET created_ms = 0 WHERE key = ?", (old,))
    shared.worker._expired = -60.0
    assert shared.worker.step()
    assert shared.jobs.find(old) is None
    assert shared.jobs.find(new).state is State.DONE


def test_the_password_is_not_told_to_the_worker(settings: Any) -> None:
    told = replace(settings, password="open sesame")
    line = settings_line(told)
    assert "sesame" not in line
    assert settings_from(line) == replace(told, password=None)


def test_memory_is_of_a_process_and_all_below(tmp_path: Path) -> None:
    code = "import subprocess, sys; x = bytearray(60 << 20); print(1, flush=True); sys.stdin.read()"
    outer = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], stdin=sys.stdin)"
    with subprocess.Popen(
        [sys.executable, "-c", outer, code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        assert 60 << 20 < memory_below(process.pid) < 200 << 20
        process.stdin.close()
    assert memory_below(process.pid) == 0


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def start(settings: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "aqa_bench.coach.web.worker", settings_line(settings)])


def test_a_worker_that_is_killed_or_stopped_loses_no_clip(
    own_settings: Callable[..., Any], clip: Path
) -> None:
    one = Bench(own_settings(), clip)
    slow, next_one = one.add("bicep-curl"), one.add("squat")

    def state(key: str) -> State:
        return one.jobs.find(key).state

    killed = start(one.settings)
    wait_for(lambda: one.jobs.find(slow).steps_done > 0)
    below = {int(p.parent.name) for p in Path("/proc").glob("[0-9]*/stat") if parent_of(p) == killed.pid}
    assert below
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    wait_for(lambda: not any(alive(pid) for pid in below))
    assert state(slow) is State.RUNNING

    stopped = start(one.settings)
    wait_for(lambda: one.jobs.find(slow).tries == 2 and one.jobs.find(slow).steps_done > 0)
    stopped.terminate()
    assert stopped.wait(20) == 0
    assert (state(slow), one.jobs.find(slow).tries) == (State.QUEUED, 1)

    last = start(one.settings)
    wait_for(lambda: state(next_one) is State.DONE)
    assert state(slow) is State.DONE
    last.terminate()
    last.wait(20)
    assert one.storage.local(slow, "judged.mp4") is not None
    assert not list((one.settings.data / "work").iterdir())
    one.worker.close()


def parent_of(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_app_keeps_a_worker(own_settings: Callable[..., Any], clip: Path) -> None:
    from aqa_bench.coach.web.supervisor import worker_alive

    one = Bench(own_settings(), clip)
    with worker_alive(one.settings):
        wait_for(lambda: len(workers(one.settings)) == 1)
        (first,) = workers(one.settings)
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: workers(one.settings) not in ([], [first]))
        key = one.add("squat")
        wait_for(lambda: one.jobs.find(key).state is State.DONE)
    assert workers(one.settings) == []
    one.worker.close()


def workers(settings: Any) -> list[int]:
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = command.read_bytes()
        except OSError:
            continue
        if b"coach.web.worker" in text and str(settings.data).encode() in text:
            found.append(int(command.parent.name))
    return found
