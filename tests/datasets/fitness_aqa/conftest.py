from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.fitness_aqa.build import build_indexes
from aqa_bench.datasets.fitness_aqa.family import FAMILY
from aqa_bench.datasets.fitness_aqa.index import Index


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "fitness_aqa_tiny_release", Path(__file__).with_name("tiny_release.py")
    )
    if spec is None or spec.loader is None:
        raise FileNotFoundError("tiny_release.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    return _load()


@pytest.fixture(scope="session")
def prepared(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The family's data folder, prepared on the release as it is downloaded. Read only."""
    root = tmp_path_factory.mktemp("release")
    FAMILY.prepare(None, [tiny.write_zipped(root / "download")], root / "home", {}, NullProgress())
    return root / "home"


@pytest.fixture
def squat_with(tiny: ModuleType, tmp_path: Path) -> Callable[..., Index]:
    """Index the squat of the tiny release with some files replaced, added or (None) removed."""

    def build(changes: dict[str, bytes | None], zipped: bool = False) -> Index:
        files = {
            name: content for name, content in tiny.release().items() if name.startswith("Squat/")
        } | changes
        kept = {name: content for name, content in files.items() if content is not None}
        write = tiny.write_zipped if zipped else tiny.write_extracted
        return build_indexes([write(tmp_path / "changed", kept)], NullProgress())["backsquat"]

    return build
