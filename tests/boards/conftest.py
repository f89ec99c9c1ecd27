from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards import row_scores
from aqa_bench.stats import scoring


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """``synthetic.py`` of this folder: submissions made by hand."""
    spec = importlib.util.spec_from_file_location("synthetic", Path(__file__).with_name("synthetic.py"))
    if spec is None or spec.loader is None:
        raise FileNotFoundError("synthetic.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
    monkeypatch.setattr(row_scores, "N_RESAMPLES", 500)


@pytest.fixture(scope="session")
def forge() -> ModuleType:
    """``accepted_runs.py`` of this folder: real runs, and ways to forge them."""
    spec = importlib.util.spec_from_file_location(
        "accepted_runs", Path(__file__).with_name("accepted_runs.py")
    )
    if spec is None or spec.loader is None:
        raise FileNotFoundError("accepted_runs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def _proposed(forge: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("checkout")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
        for method in ("constant", "prior"):
            forge.make(place / "base" / "submissions", method)
        shutil.copytree(place / "base" / "submissions", place / "pull" / "submissions")
        forge.make(place / "pull" / "submissions", "duration")
    return place


@pytest.fixture
def checkout(_proposed: Path, tmp_path: Path) -> Path:
    """``base/submissions`` with two accepted runs, ``pull/submissions`` with a third."""
    return shutil.copytree(_proposed, tmp_path / "checkout")
