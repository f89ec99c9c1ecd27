"""Attacks from within the sandbox: what reads or writes the disk, or calls home, finds nothing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.errors import AqaBenchError, MethodError, UsageError
from aqa_bench.core.paths import cache_home, data_home
from aqa_bench.protocol.worker import sandbox
from aqa_bench.protocol.worker.sandbox import sandboxed

spec = importlib.util.spec_from_file_location("strangers", Path(__file__).with_name("strangers.py"))
assert spec is not None
assert spec.loader is not None
strangers: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(strangers)
DATASET, HONEST = strangers.DATASET, strangers.HONEST


@lru_cache
def why_not() -> str:
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap is not installed"
    probe = [program, "--unshare-all", "--ro-bind", "/", "/", "true"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"bubblewrap does not work here: {done.stderr.strip()}"


needs_bwrap = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return strangers.Stranger(tmp_path, monkeypatch)


def almost(accuracy: float) -> bool:
    return accuracy == pytest.approx(HONEST, abs=0.02)


@needs_bwrap
def test_the_guard_taken_off_and_the_dataset_opened(stranger: Any) -> None:
    name = stranger.write(
        fit=f"""
        from aqa_bench.core import guard
        guard._running.clear()
        from aqa_bench.core.registry import open_dataset
        open_dataset("{DATASET}").targets("form")
        """
    )
    with pytest.raises(AqaBenchError):
        stranger.run(name, launch=sandboxed)


@needs_bwrap
def test_the_disk_searched_for_data_runs_and_submissions(
    stranger: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
        import aqa_bench.datasets
        places = {[str(p) for p in places]!r}
        seen = [p for p in places if os.path.exists(p) and os.listdir(p)]
        assert not seen, seen
        assert not any(os.listdir(p) for p in aqa_bench.datasets.__path__ if os.path.isdir(p))
        """
    )
    stranger.run(name, folds=1, launch=sandboxed)


@needs_bwrap
@pytest.mark.parametrize(
    "place", ["/etc/aqa", "/usr/aqa", "{shared}/aqa", "{package}/aqa.py", "{frames}/aqa"]
)
def test_writing_where_the_next_fold_would_read(stranger: Any, place: str) -> None:
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
    stranger.run(name, folds=1, launch=sandboxed)


@needs_bwrap
def test_a_temporary_file_left_for_the_next_fold(stranger: Any) -> None:
    name = stranger.write(
        key="s.media.content_key",
        fit="""
        file = Path("/tmp/labels.json")
        known.update(json.loads(file.read_text()) if file.exists() else {})
        known.update((key(s), t) for s, t in [*train, *val])
        file.write_text(json.dumps(known))
        """,
    )
    assert almost(stranger.accuracy(name, launch=sandboxed))
    assert not Path("/tmp/labels.json").exists()


@needs_bwrap
def test_calling_home(stranger: Any) -> None:
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
        stranger.run(name, folds=1, launch=sandboxed)


@needs_bwrap
def test_other_processes_looked_at(stranger: Any) -> None:
    name = stranger.write(
        fit=f"""
        assert not os.path.exists("/proc/{os.getpid()}/cwd") or len(os.listdir("/proc")) < 200
        own = [p for p in os.listdir("/proc") if p.isdigit()]
        assert len(own) <= 3, own
        """
    )
    stranger.run(name, folds=1, launch=sandboxed)


@needs_bwrap
def test_a_process_that_stays_in_the_sandbox(stranger: Any) -> None:
    name = stranger.write(fit="if not os.fork():\n    os.setsid()\n    time.sleep(600)")
    stranger.run(name, folds=1, launch=sandboxed)


@needs_bwrap
def test_the_sandbox_changes_no_score(stranger: Any) -> None:
    name = stranger.write(key="s.media.keypoints('openpose-18').tobytes()", fit="known.update({})")
    plain, boxed = (
        stranger.run(name, out=o, folds=1, **h) for o, h in (("a", {}), ("b", {"launch": sandboxed}))
    )
    assert (plain / "predictions.csv").read_bytes() == (boxed / "predictions.csv").read_bytes()


@needs_bwrap
def test_a_death_in_the_sandbox_is_told(stranger: Any) -> None:
    with pytest.raises(MethodError, match="ended its process without an answer"):
        stranger.run(stranger.write(fit="os._exit(3)"), launch=sandboxed)


def test_without_bubblewrap_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="Debian package bubblewrap"):
        sandbox.check_sandbox()
