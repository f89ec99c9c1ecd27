"""Twenty uploads at once on the loopback: all are judged, and pages are answered at once throughout."""

from __future__ import annotations

import importlib.util
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

pytest.importorskip("httpx2", reason="httpx2 is not installed")
pytest.importorskip("starlette", reason="the extra coach is not installed")

import httpx2

from aqa_bench.coach.web.settings import Limits, Settings
from aqa_bench.media.video import encode

_HELPERS = Path(__file__).parents[1] / "coach" / "web"
_UPLOADS, _SECONDS, _SIDE = 20, 10, (720, 1280)
_SLOWEST_MS = 300
_QUIET_S = 3.0


def _helper(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, _HELPERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of 720p."""
    frames = np.random.default_rng(0).integers(0, 255, (_SECONDS, *_SIDE, 3), dtype=np.uint8)
    return encode(tmp_path_factory.mktemp("clip") / "clip.mp4", np.repeat(frames, 15, axis=0), 15.0, crf=40)


@pytest.mark.benchmark(group="coach: 20 uploads at once, time until all are judged (pages: < 300 ms)")
def test_twenty_uploads(
    benchmark: BenchmarkFixture, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(_HELPERS), prepend=":")
    settings = Settings(data=tmp_path / "coach", engine="fake_engine:assess", limits=Limits(spare=0))
    tools = _helper("conftest")
    with tools.served(settings) as address:
        found: dict[str, Any] = benchmark.pedantic(
            _storm, (address, clip.read_bytes()), rounds=1, iterations=1
        )
    benchmark.extra_info.update(found)
    assert found["judged"] == _UPLOADS
    assert found["slowest page ms"] < _SLOWEST_MS, found


def _storm(address: str, content: bytes) -> dict[str, Any]:
    keys: list[str] = []

    def upload() -> None:
        with httpx2.Client(base_url=address, timeout=600) as client:
            token = re.search(r'name="token" value="(\w+)"', client.get("/").text)[1]
            data = {"token": token, "exercise": "squat"}
            answer = client.post("/clips", data=data, files={"clip": ("clip.mp4", content)})
            keys.append(answer.headers["location"].rpartition("/")[2])

    with _visiting(address, keys) as quiet:
        time.sleep(_QUIET_S)
    with _visiting(address, keys) as pages:
        _together(upload)
        judged = _wait(address, keys)
    return {
        "judged": judged,
        "pages": len(pages),
        "median page ms": round(statistics.median(pages), 1),
        "slowest page ms": round(max(pages), 1),
        "slowest page before ms": round(max(quiet), 1),
    }


@contextmanager
def _visiting(address: str, keys: Sequence[str]) -> Iterator[list[float]]:
    """Milliseconds of every page that somebody asks for meanwhile."""
    over = threading.Event()
    pages: list[float] = []

    def visit() -> None:
        with httpx2.Client(base_url=address, timeout=30) as client:
            while not over.is_set():
                for path in ("/", "/history", *(f"/clips/{key}" for key in keys[-1:])):
                    start = time.perf_counter()
                    client.get(path).raise_for_status()
                    pages.append(1000 * (time.perf_counter() - start))
                time.sleep(0.05)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield pages
    finally:
        over.set()
        visitor.join()


def _together(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(_UPLOADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _wait(address: str, keys: list[str]) -> int:
    """How many are judged; each is waited for as its page does, by its events."""
    judged = 0
    with httpx2.Client(base_url=address, timeout=600) as client:
        for key in keys:
            with client.stream("GET", f"/clips/{key}/events") as events:
                states = [line for line in events.iter_lines() if line.startswith("data:")]
            judged += '"done"' in states[-1]
    return judged
