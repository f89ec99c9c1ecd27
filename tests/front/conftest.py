from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from aqa_bench.boards import row_scores
from aqa_bench.core.registry import open_dataset
from aqa_bench.stats import scoring

DATASET = "stick-figures/shoulder-press"


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """``tests/boards/synthetic.py``: submissions made by hand."""
    file = Path(__file__).parents[1] / "boards" / "synthetic.py"
    spec = importlib.util.spec_from_file_location("synthetic", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested with the statistics; here they only have to be there."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
    monkeypatch.setattr(scoring, "N_RESAMPLES", 200)
    monkeypatch.setattr(row_scores, "N_RESAMPLES", 200)


@pytest.fixture
def submissions(synthetic: ModuleType, tmp_path: Path) -> Path:
    """A board of a good method with two seeds, a fair one, and a control."""
    root = tmp_path / "submissions"
    dataset = open_dataset(DATASET)
    for seed in range(2):
        scores = synthetic.noisy(dataset, 0.9, seed + 10)
        synthetic.write_run(root, "good", scores, seed=seed, scored=False)
    synthetic.write_run(root, "fair", synthetic.noisy(dataset, 0.35, 20), scored=False)
    synthetic.write_run(root, "constant", 1.0, scored=False, control=True)
    return root


@pytest.fixture
def judged() -> pd.DataFrame:
    """One score per clip: right of all clips but four."""
    targets = open_dataset(DATASET).targets("form")
    wrong = ("s00-0", "s01-0", "s02-0", "s03-0")
    scores = [
        abs(target - 0.2) if name not in wrong else 0.6 - 0.2 * target for name, target in targets.items()
    ]
    return pd.DataFrame({"sample_id": list(targets), "score": scores})
