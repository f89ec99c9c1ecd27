"""Wall-clock seconds until the command line answers, a fresh process each time."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.benchmark(group="cli: start-up (goal: --help < 0.5 s)")
@pytest.mark.parametrize("arguments", [["--help"], ["list", "methods", "--json"]], ids=" ".join)
def test_start_up(benchmark: BenchmarkFixture, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "aqa_bench", *arguments]
    done = benchmark.pedantic(
        lambda: subprocess.run(command, capture_output=True, check=True), rounds=5, warmup_rounds=1
    )
    assert done.stdout
