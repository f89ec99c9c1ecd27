from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from torch import Tensor

# The same examples every time, and a busy machine is no failure.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

_ROOT = Path(__file__).resolve().parents[1]
_PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real releases (``pose-trainer/``, ``mtl-aqa/``); tests skip where it is absent."""
    folder = Path(os.environ.get("AQA_BENCH_SHARED_DATA") or _ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (AQA_BENCH_SHARED_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aqa-bench")


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, _homes: Path) -> None:
    """No test touches this user's data or caches, or opens a socket."""
    monkeypatch.setenv("AQA_BENCH_DATA", str(_homes / "data"))
    monkeypatch.setenv("AQA_BENCH_CACHE", str(_homes / "cache"))
    monkeypatch.setenv("AQA_BENCH_OFFLINE", "1")
    monkeypatch.delenv("AQA_BENCH_PRECISION", raising=False)
    monkeypatch.delenv("AQA_BENCH_GRAPHS", raising=False)


@pytest.fixture(autouse=True, scope="session")
def _committed() -> Iterator[None]:
    """Runs of tests are of committed code, whatever this checkout has that is not committed yet."""
    from aqa_bench.protocol import run_code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_code, "_differ", lambda files: False)
        yield


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number: files know when they were made, and names of tests must not change."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The methods of ``tests/plugins``, installed."""
    from aqa_bench.core import registry

    monkeypatch.syspath_prepend(_PLUGINS)
    registry.refresh()
    yield _PLUGINS
    registry.refresh()
    for name in [name for name in sys.modules if name.startswith("aqa_test_methods")]:
        del sys.modules[name]


@pytest.fixture
def fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the tests' methods have fitted so far: one line per split."""
    log = tmp_path / "fits.log"
    monkeypatch.setenv("AQA_TEST_LOG", str(log))
    return lambda: log.read_text().splitlines() if log.exists() else []


@pytest.fixture(scope="session")
def _finished_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"": tmp_path_factory.mktemp("finished")}


@pytest.fixture
def finished(_finished_runs: dict[str, Path]):
    """As ``run``, where a test asks only for what was run: made once, then copied."""
    from aqa_bench.core.record import read_record
    from aqa_bench.protocol.runner import Outcome, run

    def make(resolved, out: Path) -> Outcome:
        if resolved.run_id not in _finished_runs:
            _finished_runs[resolved.run_id] = run(resolved, _finished_runs[""]).path
        folder = shutil.copytree(_finished_runs[resolved.run_id], out / resolved.folder)
        return Outcome(read_record(folder), folder, cached=False)

    return make


@pytest.fixture
def resealed():
    """Changes keys of a run's record and seals it again, as one would who knows how records are sealed."""
    from aqa_bench.core.files import pretty_json
    from aqa_bench.core.sealed import blank_stamp, stamped

    def edit(folder: Path, **changes: object) -> Path:
        file = folder / "run.json"
        document = json.loads(file.read_text()) | changes | {"seal": blank_stamp("run", 1)}
        file.write_bytes(stamped(pretty_json(document).encode(), "run", 1))
        return folder

    return edit


@pytest.fixture(scope="session")
def gym_releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tiny squats, presses and rows of the gym, rendered."""
    from aqa_bench.datasets.synthetic_gym.generate import generate
    from aqa_bench.datasets.synthetic_gym.presets import EXERCISES

    root = tmp_path_factory.mktemp("gym")
    return {e: generate("tiny", e, root / e) for e in EXERCISES}


@pytest.fixture(scope="session")
def gym_home(gym_releases: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the family in a data folder where preset tiny is rendered; the releases are the session's."""
    from aqa_bench.core.progress import NullProgress
    from aqa_bench.datasets.synthetic_gym.adapter import FAMILY
    from aqa_bench.datasets.synthetic_gym.presets import GENERATOR_VERSION

    root = tmp_path_factory.mktemp("data") / "synthetic-gym"
    folder = root / f"v{GENERATOR_VERSION}" / "tiny"
    folder.mkdir(parents=True)
    for exercise, release in gym_releases.items():
        (folder / exercise).symlink_to(release, target_is_directory=True)
    for exercise in gym_releases:
        FAMILY.prepare(f"synthetic-gym/{exercise}@tiny", (), root, {}, NullProgress())
    return root


@pytest.fixture
def repeating() -> type:
    """Stands in for CUDA graphs: a recording repeats the work on the tensors that it was made with."""
    import torch
    from torch import nn

    class Repeating:
        def __init__(self) -> None:
            self.modules: dict[int, nn.Module] = {}
            self.replays = 0

        def run(self, work: Callable[[], Tensor]) -> Tensor:
            def seen(module: nn.Module, _: object) -> None:
                self.modules[id(module)] = module

            hook = nn.modules.module.register_module_forward_pre_hook(seen)
            try:
                return work()
            finally:
                hook.remove()

        def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], object]]:
            found = self.modules.values()
            buffers = [b for module in found for b in module.buffers(recurse=False)]
            trained = [p for m in found for p in m.parameters(recurse=False) if p.requires_grad]
            kept = [b.clone() for b in buffers]
            assert all(p.grad is None for p in trained)
            with torch.random.fork_rng([]):
                loss = work().clone()
            for buffer, value in zip(buffers, kept, strict=True):
                buffer.copy_(value)
            written = {p: p.grad for p in trained if p.grad is not None}
            # A graph has computed nothing before its first replay.
            for tensor in (loss, *written.values()):
                tensor.fill_(float("nan"))

            def replay() -> None:
                self.replays += 1
                held = {p: p.grad for p in trained}
                for p in trained:
                    p.grad = None
                loss.copy_(work())
                for p, gradient in written.items():
                    gradient.copy_(p.grad)
                for p, gradient in held.items():
                    p.grad = gradient

            return loss, replay

    return Repeating


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium by playwright; tests skip where one of them is absent."""
    driven = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("AQA_BENCH_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with driven.sync_playwright() as driver:
        try:
            launched = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except driven.Error as error:
            if os.environ.get("AQA_BENCH_CHROMIUM"):
                raise
            pytest.skip(f"no Chromium: {str(error).splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def access() -> Callable[[Any], dict[str, Any]]:
    """Asks ``access.js`` of a page: how many ``texts``, which of ``low`` contrast, what is ``unnamed``."""
    script = (Path(__file__).parent / "access.js").read_text(encoding="utf-8")
    return lambda page: page.evaluate(script)


# Before xdist reads the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for all that looks at the rendered gym, so that it is rendered once."""
    for item in items:
        if {"gym_releases", "clips"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("synthetic-gym"))


@pytest.fixture
def standing() -> np.ndarray:
    """Three frames of a person facing right, arm hanging: torso 100 px, upper arm and forearm 40 px."""
    joints = {1: (200, 100), 2: (200, 100), 3: (200, 140), 4: (200, 180), 8: (200, 200)}
    joints |= {left: joints[right] for left, right in ((5, 2), (6, 3), (7, 4), (11, 8))}
    frame = np.zeros((18, 3))
    for joint, position in joints.items():
        frame[joint] = (*position, 0.9)
    return np.repeat(frame[None], 3, axis=0)
