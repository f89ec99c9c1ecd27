from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.synthetic_gym.adapter import FAMILY
from aqa_bench.datasets.synthetic_gym.clip import Clip, make_clip
from aqa_bench.datasets.synthetic_gym.generate import generate
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, GENERATOR_VERSION, Exercise


@pytest.fixture(scope="session")
def clips() -> dict[Exercise, list[Clip]]:
    """The first labelled clips of each exercise, preset demo, simulated and not rendered."""
    return {e: [make_clip(p) for p in plan_clips("demo", e, "labelled")[:40]] for e in EXERCISES}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[Exercise, Path]:
    """The tiny datasets on disk."""
    root = tmp_path_factory.mktemp("gym")
    return {e: generate("tiny", e, root / e) for e in EXERCISES}


@pytest.fixture(scope="session")
def home(tiny: dict[Exercise, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose rendered releases are the session's."""
    root = tmp_path_factory.mktemp("data") / "synthetic-gym"
    folder = root / f"v{GENERATOR_VERSION}" / "tiny"
    folder.mkdir(parents=True)
    for exercise, release in tiny.items():
        (folder / exercise).symlink_to(release, target_is_directory=True)
    for exercise in EXERCISES:
        FAMILY.prepare(f"synthetic-gym/{exercise}", (), root, {"preset": "tiny"}, NullProgress())
    return root


# Before xdist reads the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for the whole folder, so that the gym is generated once."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.xdist_group("synthetic-gym"))
