"""Attacks from within the sandbox: what reads or writes the disk, or calls home, finds nothing."""

from __future__ import annotations

import importlib.util
import os
import resource
import socket
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.errors import AqaBenchError, MethodError, UsageError
from aqa_bench.core.paths import cache_home, data_home
from aqa_bench.core.record import read_record
from aqa_bench.protocol.partials import Partials, SplitResult
from aqa_bench.protocol.worker import processes, sandbox
from aqa_bench.protocol.worker.bubblewrap import why_no_bubblewrap
from aqa_bench.protocol.worker.confinement import why_no_landlock
from aqa_bench.protocol.worker.landlock import launch_landlock
from aqa_bench.protocol.worker.processes import Worker
from aqa_bench.protocol.worker.sandbox import BUBBLEWRAP, LANDLOCK, sandboxed
from aqa_bench.protocol.worker.session import Job, Launcher

spec = importlib.util.spec_from_file_location("strangers", Path(__file__).with_name("strangers.py"))
assert spec is not None
assert spec.loader is not None
strangers: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(strangers)
DATASET, HONEST = strangers.DATASET, strangers.HONEST


@pytest.fixture(params=[BUBBLEWRAP, LANDLOCK], ids=lambda launcher: launcher.sandbox)
def boxed(request: pytest.FixtureRequest) -> Launcher:
    """Each kind of sandbox that this machine has."""
    why_not = {"bubblewrap": why_no_bubblewrap, "landlock": why_no_landlock}[request.param.sandbox]()
    if why_not:
        pytest.skip(why_not)
    return request.param


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return strangers.Stranger(tmp_path, monkeypatch)


def almost(accuracy: float) -> bool:
    return accuracy == pytest.approx(HONEST, abs=0.02)


def test_the_guard_taken_off_and_the_dataset_opened(stranger: Any, boxed: Launcher) -> None:
    name = stranger.write(
        fit=f"""
        from aqa_bench.core import guard
        guard._running.clear()
        from aqa_bench.core.registry import open_dataset
        open_dataset("{DATASET}").targets("form")
        """
    )
    with pytest.raises(AqaBenchError):
        stranger.run(name, launch=boxed)


def test_the_disk_searched_for_data_runs_and_submissions(
    stranger: Any, boxed: Launcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_home().mkdir(parents=True, exist_ok=True)
    (data_home() / "labels.json").write_text("{}")
    home = tmp_path / "home"
    home.mkdir()
    (home / "labels.json").write_text("{}")
    monkeypatch.setenv("HOME", str(home))
    root = Path(__file__).resolve().parents[2]
    places = [
        data_home(),
        home,
        root / "submissions",
        root / "leaderboards",
        root / "datasets",
        root / "tests",
    ]
    places += [cache_home() / ".secret", tmp_path / "runs"]
    name = stranger.write(
        fit=f"""
        import aqa_bench
        def read(place):
            try:
                return os.listdir(place) if os.path.isdir(place) else [open(place).read()]
            except OSError:
                return []
        places = {[str(p) for p in places]!r}
        seen = [p for p in places if read(p)]
        assert not seen, seen
        inside = Path(aqa_bench.__file__).parent / "datasets"
        files = [os.path.join(f, n) for f, _, names in os.walk(inside) for n in names]
        assert not any(map(read, files)), files
        """
    )
    stranger.run(name, folds=1, launch=boxed)


@pytest.mark.parametrize(
    "place", ["/etc/aqa", "/usr/aqa", "{shared}/aqa", "{package}/aqa.py", "{frames}/aqa"]
)
def test_writing_where_the_next_fold_would_read(stranger: Any, boxed: Launcher, place: str) -> None:
    (cache_home() / "frames").mkdir(parents=True, exist_ok=True)
    name = stranger.write(
        methods="def prepare(self, pool, samples, ctx):\n    ctx.cache.mkdir(exist_ok=True)\n    return {}",
        fit=f"""
        places = {{"shared": str(ctx.shared[0]), "package": str(Path(__file__).parent)}}
        places["frames"] = {str(cache_home() / "frames")!r}
        try:
            Path({place!r}.format(**places)).write_text("labels")
        except OSError:
            pass
        else:
            raise AssertionError("written")
        (ctx.cache / "own").write_text("kept until the end of this fit")
        """,
    )
    stranger.run(name, folds=1, launch=boxed)


def test_a_temporary_file_left_for_the_next_fold(stranger: Any, boxed: Launcher) -> None:
    name = stranger.write(
        key="s.media.content_key",
        fit="""
        file = Path("/tmp/labels.json")
        known.update((key(s), t) for s, t in [*train, *val])
        try:
            known.update(json.loads(file.read_text()) if file.exists() else {})
            file.write_text(json.dumps(known))
        except OSError:
            known.clear()
        """,
    )
    assert almost(stranger.accuracy(name, launch=boxed))
    assert not Path("/tmp/labels.json").exists()


def test_calling_home(stranger: Any, boxed: Launcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = stranger.write(
            fit=f"""
            import socket
            try:
                socket.create_connection(("127.0.0.1", {server.getsockname()[1]}), timeout=5)
            except OSError:
                pass
            else:
                raise AssertionError("connected")
            """
        )
        stranger.run(name, folds=1, launch=boxed)


def test_other_processes_looked_at(stranger: Any, boxed: Launcher) -> None:
    name = stranger.write(
        fit=f"""
        try:
            own = [p for p in os.listdir("/proc") if p.isdigit()]
        except PermissionError:
            own = []
        assert len(own) <= 3, own
        for file in ("environ", "mem", "maps", "fd", "cwd/README.md"):
            try:
                with open("/proc/{os.getpid()}/" + file, "rb") as opened:
                    assert not opened.read(1), file
            except OSError:
                pass
        for pid in ({os.getpid()}, {os.getppid()}):
            try:
                os.kill(pid, 0)
            except OSError:
                continue
            raise AssertionError("signalled")
        """
    )
    stranger.run(name, folds=1, launch=boxed)


def test_a_process_that_stays_in_the_sandbox(stranger: Any, boxed: Launcher) -> None:
    name = stranger.write(fit="if not os.fork():\n    os.setsid()\n    time.sleep(600)")
    stranger.run(name, folds=1, launch=boxed)


def test_the_sandbox_changes_no_score(stranger: Any, boxed: Launcher) -> None:
    name = stranger.write(key="s.media.keypoints('openpose-18').tobytes()", fit="known.update({})")
    plain, boxed = (stranger.run(name, out=o, folds=1, **h) for o, h in (("a", {}), ("b", {"launch": boxed})))
    assert (plain / "predictions.csv").read_bytes() == (boxed / "predictions.csv").read_bytes()


def test_a_death_in_the_sandbox_is_told(stranger: Any, boxed: Launcher) -> None:
    with pytest.raises(MethodError, match="ended its process without an answer"):
        stranger.run(stranger.write(fit="os._exit(3)"), launch=boxed)


def test_bits_left_in_the_times_and_modes_of_files(stranger: Any, boxed: Launcher, tmp_path: Path) -> None:
    ours = Path(sandbox.__file__)
    before = ours.stat()
    name = stranger.write(
        fit=f"""
        for leave in (lambda: os.utime({str(ours)!r}, (1, 1)), lambda: os.chmod({str(ours)!r}, 0o600)):
            try:
                leave()
            except OSError:
                pass
        """
    )
    stranger.run(name, folds=1, launch=boxed)
    after = ours.stat()
    assert (before.st_mtime_ns, before.st_mode) == (after.st_mtime_ns, after.st_mode)


def test_bits_left_in_the_limits_of_the_process_that_workers_come_from(
    stranger: Any, boxed: Launcher
) -> None:
    name = stranger.write(
        fit="""
        import resource
        hard, parent = resource.getrlimit(resource.RLIMIT_NOFILE)[1], os.getppid()
        for leave in (
            lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (99, hard)),
            lambda: os.setpriority(os.PRIO_PROCESS, parent, 18),
            lambda: os.sched_setaffinity(parent, {min(os.sched_getaffinity(0))}),
        ):
            try:
                leave()
            except OSError:
                pass
        """
    )
    stranger.run(name, folds=1, launch=boxed)
    for place in (0, *(server._process.pid for server in processes._servers.values())):
        assert resource.prlimit(place, resource.RLIMIT_NOFILE)[0] != 99
        assert os.getpriority(os.PRIO_PROCESS, place) == os.getpriority(os.PRIO_PROCESS, 0)
        assert os.sched_getaffinity(place) == os.sched_getaffinity(0)


def test_telling_a_process_outside(stranger: Any, boxed: Launcher, tmp_path: Path) -> None:
    path = str(tmp_path / "ear")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as named,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract,
    ):
        packets.bind(("127.0.0.1", 0))
        port = packets.getsockname()[1]
        named.bind(path)
        abstract.bind(f"\0aqa-bench-{port}")
        name = stranger.write(
            fit=f"""
            from socket import AF_INET, AF_UNIX, SOCK_DGRAM, socket, socketpair
            pair = lambda: socketpair(AF_UNIX, SOCK_DGRAM)[0]
            for tell in (
                lambda: socket(AF_INET, SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {port})),
                lambda: pair().sendto(b"x", {path!r}),
                lambda: pair().sendmsg([b"x"], [], 0, {path!r}),
                lambda: pair().connect({path!r}),
                lambda: socket(AF_UNIX, SOCK_DGRAM).sendto(b"x", "\\0aqa-bench-{port}"),
            ):
                try:
                    tell()
                except OSError:
                    pass
            """
        )
        stranger.run(name, folds=1, launch=boxed)
        for ear in (packets, named, abstract):
            ear.setblocking(False)
            with pytest.raises(BlockingIOError):
                ear.recv(1)


def test_the_record_says_which_sandbox_it_was(stranger: Any, boxed: Launcher) -> None:
    folder = stranger.run(stranger.write(), folds=1, launch=boxed)
    assert read_record(folder).environment.sandbox == boxed.sandbox
    plain = stranger.run(stranger.write(), folds=1, out="plain")
    assert read_record(plain).environment.sandbox is None


def test_splits_from_outside_are_not_taken_for_those_of_a_sandbox(tmp_path: Path) -> None:
    code = CodeDigest(method="a" * 64, harness="b" * 64)
    result = SplitResult([("test", "a", 0.5)], 0.1, 0.1, 0, {})
    kept = [Partials(tmp_path, "r", code, kind) for kind in (None, "landlock", "bubblewrap")]
    for number, one in enumerate(kept):
        one.keep("form", "0", result)
        assert [each.read("form", "0") for each in kept] == [
            result if number == other else None for other in range(3)
        ]


def test_without_bubblewrap_landlock_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sandboxed().sandbox in ("bubblewrap", "landlock")
    monkeypatch.setattr(sandbox, "why_no_bubblewrap", lambda: "no program")
    monkeypatch.setattr(sandbox, "why_no_landlock", lambda: "")
    assert sandboxed() is LANDLOCK


def test_without_either_the_error_names_both_reasons_and_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "why_no_bubblewrap", lambda: "no program bwrap on the path")
    monkeypatch.setattr(sandbox, "why_no_landlock", lambda: "no Landlock")
    with pytest.raises(UsageError, match="Debian package bubblewrap") as caught:
        sandboxed()
    assert caught.value.found == "no program bwrap on the path; no Landlock"


def test_a_kernel_that_refuses_is_an_error_and_no_run_outside(
    stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why_no_landlock():
        pytest.skip(why_no_landlock())

    def broken(job: Job) -> Worker:
        worker = launch_landlock(job)
        # A mark of a folder may not be set on a file: the kernel says so.
        worker.confinement = {**(worker.confinement or {}), "own": __file__}
        return worker

    with pytest.raises(UsageError, match="does not allow a worker to sandbox itself"):
        stranger.run(stranger.write(), folds=1, launch=Launcher(broken, "landlock"))
