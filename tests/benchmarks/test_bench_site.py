"""Seconds and memory to go from 10,000 runs to leaderboards and site."""

from __future__ import annotations

import importlib.util
import json
import resource
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.boards.building.leaderboard import build
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.registry import open_dataset

pytest.importorskip("jinja2", reason="the extra site is not installed")
pytest.importorskip("matplotlib", reason="the extra site is not installed")

from aqa_bench.boards.site import build_site

_HELPER = Path(__file__).parents[1] / "boards" / "synthetic.py"
_METHODS, _RECIPES, _SEEDS = 500, 4, 5
_JOBS = 2


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
    first = helper.write_run(root, "method", 0.5, rows=rows, scored=False)
    record = json.loads((first / "run.json").read_text())
    cells = [line.rpartition(",")[0] for line in (first / "predictions.csv").read_text().splitlines()]
    targets = dict(dataset.targets(helper.TASK))
    truth = np.array([targets[line.partition(",")[0]] for line in cells[1:]], dtype=float)
    shutil.rmtree(first)
    for number in range(_METHODS * _RECIPES * _SEEDS):
        group, seed = divmod(number, _SEEDS)
        method, recipe = divmod(group, _RECIPES)
        skill = 0.1 + 0.5 * method / _METHODS
        scores = skill * truth + (1 - skill) * np.random.default_rng(number).random(len(truth))
        lines = [f"{cells[0]},score", *map("{},{:.6f}".format, cells[1:], scores), ""]
        content = "\n".join(lines).encode()
        run = {"run_id": f"{number:016x}", "method": f"method-{method:03d}", "recipe": f"recipe-{recipe}"}
        run |= {"seed": seed, "predictions_sha256": sha256_bytes(content)}
        folder = root / helper.DATASET / run["method"] / run["run_id"]
        folder.mkdir(parents=True)
        (folder / "predictions.csv").write_bytes(content)
        (folder / "run.json").write_text(json.dumps(record | run))
    return root


@pytest.mark.benchmark(group="site: 10,000 runs to leaderboard and site, 2 processes (goal: < 30 s, < 2 GB)")
def test_build_and_site(benchmark: BenchmarkFixture, submissions: Path, tmp_path: Path) -> None:
    def everything() -> int:
        build(submissions, tmp_path / "leaderboards", jobs=_JOBS)
        return build_site(submissions, tmp_path / "leaderboards", tmp_path / "site").boards

    assert benchmark.pedantic(everything, rounds=1, iterations=1) == 1
    here, there = (
        resource.getrusage(of).ru_maxrss / 1e6 for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    peak = here + _JOBS * there
    benchmark.extra_info["peak GB"] = round(peak, 2)
    assert peak < 2
    assert benchmark.stats is None or benchmark.stats.stats.min < 30


@pytest.mark.benchmark(group="site: alone, 10,000 runs")
def test_site_alone(benchmark: BenchmarkFixture, submissions: Path, tmp_path: Path) -> None:
    build(submissions, tmp_path / "leaderboards")
    arguments = (submissions, tmp_path / "leaderboards", tmp_path / "site")
    assert benchmark.pedantic(build_site, arguments, rounds=1, iterations=1).boards == 1
