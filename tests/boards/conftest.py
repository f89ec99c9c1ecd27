from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards import assemble
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
    monkeypatch.setattr(assemble, "N_RESAMPLES", 500)
