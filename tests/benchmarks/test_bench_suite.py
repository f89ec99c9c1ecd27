"""Seconds to plan a suite of 10,000 jobs, and to find that all of them are on disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aqa_bench.core import registry
from aqa_bench.protocol.plan import Request, RunFolders
from aqa_bench.protocol.suite import plan_jobs, read_suite
from aqa_bench.protocol.suite_jobs import run_jobs
from aqa_bench.protocol.suite_log import SuiteLog

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
    """The jobs, and a folder where each has a record; nothing else of it is looked at."""
    jobs, out, folder_of = plan_jobs(read_suite(suite)), tmp_path_factory.mktemp("runs"), RunFolders()
    for job in jobs:
        folder = out / folder_of(job)
        folder.mkdir(parents=True)
        (folder / "run.json").touch()
    return jobs, out


@pytest.mark.benchmark(group="suite: 10,000 jobs (goal: plan < 2 s)")
def test_plan(benchmark: BenchmarkFixture, suite: Path, tmp_path: Path) -> None:
    def plan() -> int:
        jobs = plan_jobs(read_suite(suite))
        SuiteLog(tmp_path, "many").plan(jobs)
        return len(jobs)

    assert benchmark.pedantic(plan, rounds=3, iterations=1) == _N
    assert benchmark.stats is None or benchmark.stats.stats.min < 2


@pytest.mark.benchmark(group="suite: 10,000 jobs on disk (goal: run again < 5 s)")
def test_nothing_left(benchmark: BenchmarkFixture, runs: tuple[list[Request], Path]) -> None:
    jobs, out = runs

    def again() -> int:
        return sum(result.cached for result in run_jobs(jobs, out, workers=2, log=SuiteLog(out, "many")))

    assert benchmark.pedantic(again, rounds=3, iterations=1) == _N
    assert benchmark.stats is None or benchmark.stats.stats.min < 5
