"""Seconds to plan a suite of 10,000 jobs, and to find that runs are on disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.core import registry
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite import plan_jobs, read_suite
from aqa_bench.protocol.suite_jobs import run_jobs
from aqa_bench.protocol.suite_log import SuiteLog
from aqa_bench.stats import scoring

# 4 schemes x 25 settings x 100 seeds of a method of the tests.
_BLOCK = """
[[block]]
datasets = ["stick-figures/*"]
methods = ["noise"]
schemes = ["folds", "one-class", "one-class-clean", "one-class-leaky"]
seeds = {seeds}
set = ["shift={shift}"]
"""
_N = 10_000
_RUNS = 40


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1] / "plugins")
        registry.refresh()
        file = tmp_path_factory.mktemp("suite") / "many.toml"
        file.write_text("".join(_BLOCK.format(seeds=list(range(100)), shift=i / 10) for i in range(25)))
        yield file
    registry.refresh()
    for name in [name for name in sys.modules if name.startswith("aqa_test_methods")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def runs(suite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Request], Path]:
    """Jobs, and a folder with their runs."""
    jobs, out = plan_jobs(read_suite(suite))[:_RUNS], tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 1)
        assert not any(result.error for result in run_jobs(jobs, out))
    return jobs, out


@pytest.mark.benchmark(group="suite: 10,000 jobs (goal: plan < 2 s)")
def test_plan(benchmark: BenchmarkFixture, suite: Path, tmp_path: Path) -> None:
    def plan() -> int:
        jobs = plan_jobs(read_suite(suite))
        SuiteLog(tmp_path, "many").plan(jobs)
        return len(jobs)

    assert benchmark.pedantic(plan, rounds=3, iterations=1) == _N
    assert benchmark.stats is None or benchmark.stats.stats.min < 2


@pytest.mark.benchmark(group="suite: 40 runs on disk, each checked and scored again (goal: 30 ms a run)")
def test_nothing_left(benchmark: BenchmarkFixture, runs: tuple[list[Request], Path]) -> None:
    jobs, out = runs

    def again() -> int:
        return sum(result.cached for result in run_jobs(jobs, out, workers=2, log=SuiteLog(out, "many")))

    assert benchmark.pedantic(again, rounds=3, iterations=1) == _RUNS
    assert benchmark.stats is None or benchmark.stats.stats.min < 0.03 * _RUNS
