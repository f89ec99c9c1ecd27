from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
ENGINE = "fake_engine:assess"


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fake_engine", HERE / "fake_engine.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True, scope="session")
def _engine_found() -> Iterator[None]:
    """Processes of the app find the engine of the tests."""
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        yield


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a moving square."""
    from aqa_bench.media.video import encode

    frames = np.zeros((30, 96, 128, 3), dtype=np.uint8)
    for number, frame in enumerate(frames):
        frame[20:50, 2 * number : 2 * number + 30] = 200
    return encode(tmp_path_factory.mktemp("clip") / "clip.mp4", frames, 30.0)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Of an app that the tests of a module share."""
    from aqa_bench.coach.web.settings import Limits, Settings

    limits = Limits(bytes=2 << 20, seconds=20, job_s=60, silent_s=30, memory=800 << 20, spare=0)
    return Settings(data=tmp_path_factory.mktemp("coach"), engine=ENGINE, limits=limits)


@pytest.fixture
def own_settings(settings: Any, tmp_path: Path) -> Callable[..., Any]:
    """Settings of an app of one's own, with other limits."""
    return lambda **limits: replace(
        settings, data=tmp_path / "own", limits=replace(settings.limits, **limits)
    )


class Browser:
    """Somebody who uses the app: a client that follows links and fills in forms."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def token(self) -> str:
        found = re.search(r'name="token" value="(\w+)"', self.client.get("/").text)
        assert found is not None
        return found[1]

    def upload(
        self, file: Path | bytes, exercise: str = "squat", name: str = "my squat.mp4", **fields: str
    ) -> Any:
        content = file if isinstance(file, bytes) else file.read_bytes()
        data = {"token": self.token(), "exercise": exercise, **fields}
        return self.client.post("/clips", data=data, files={"clip": (name, content)}, follow_redirects=False)

    def key(self, *arguments: Any, **options: Any) -> str:
        answer = self.upload(*arguments, **options)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"].rpartition("/")[2])

    def post(self, path: str, **fields: str) -> Any:
        return self.client.post(path, data={"token": self.token(), **fields}, follow_redirects=False)


@pytest.fixture
def browser_at() -> type[Browser]:
    """Makes a browser out of a client."""
    return Browser


@pytest.fixture(scope="module")
def app(settings: Any, fake: ModuleType) -> Iterator[Any]:
    pytest.importorskip("starlette", reason="the extra coach is not installed")
    from starlette.testclient import TestClient

    from aqa_bench.coach.web.app import create_app

    app = create_app(settings, exercises=fake.EXERCISES)
    with TestClient(app):
        yield app


@pytest.fixture
def visitors(app: Any) -> Callable[[], Browser]:
    """Makes browsers, each with cookies of its own."""
    from starlette.testclient import TestClient

    return lambda: Browser(TestClient(app, base_url="http://localhost"))


@pytest.fixture(scope="module")
def worker(settings: Any, app: Any) -> Iterator[Any]:
    """A worker that is stepped by hand, and stays warm."""
    from aqa_bench.coach.web.worker import Worker

    worker = Worker(settings, settings.data / "worker.log")
    yield worker
    worker.close()


@pytest.fixture
def me(visitors: Callable[[], Browser]) -> Browser:
    return visitors()


@contextmanager
def served(settings: Any) -> Iterator[str]:
    """The app with its worker, in a process of its own; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    from aqa_bench.coach.web.worker import settings_line

    process = subprocess.Popen([sys.executable, HERE / "run_app.py", settings_line(settings), str(port)])
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def serving() -> Callable[[Any], Any]:
    return served
