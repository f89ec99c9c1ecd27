"""Seconds to build the leaderboards from 2,000 runs: 100 methods, 4 recipes, 5 seeds; 60 clips, 25 folds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.boards.building.leaderboard import build
from aqa_bench.core.registry import open_dataset

_HELPER = Path(__file__).parents[1] / "boards" / "synthetic.py"


def _synthetic() -> ModuleType:
    spec = importlib.util.spec_from_file_location("synthetic", _HELPER)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(_HELPER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, helper = tmp_path_factory.mktemp("submissions"), _synthetic()
    dataset = open_dataset(helper.DATASET)
    rows = helper.table(dataset)
    for method in range(100):
        for recipe in range(4):
            for seed in range(5):
                scores = helper.noisy(dataset, 0.1 + method / 200, seed + 5 * (recipe + 4 * method))
                name, variant = f"method-{method:03d}", f"recipe-{recipe}"
                helper.write_run(root, name, scores, recipe=variant, seed=seed, rows=rows, scored=False)
    return root


@pytest.mark.benchmark(group="leaderboard: 2,000 runs (goal: build < 10 s)")
def test_build(benchmark: BenchmarkFixture, submissions: Path, tmp_path: Path) -> None:
    report = benchmark.pedantic(build, (submissions, tmp_path), rounds=1, iterations=1)
    assert len(report.written) == 1
    assert benchmark.stats is None or benchmark.stats.stats.min < 10
