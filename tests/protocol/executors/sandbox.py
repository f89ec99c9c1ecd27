"""What the tests on real engines share: suites run by the command line, and what must have been done once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.protocol.executors.job_file import read_job_file, write_job_file
from aqa_bench.protocol.executors.running import Running, running_jobs

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "tests" / "plugins"
WANTED = "AQA_BENCH_SANDBOX"
WHY_NOT = f"starts daemons and takes minutes: set {WANTED}=1"
STEPS = 8
FAULTS = f"""
[[block]]
datasets = ["stick-figures/shoulder-press"]
methods = ["learner"]
schemes = ["one-class"]
pretrain_on = ["synthetic-gym/backsquat@tiny"]
seeds = [0, 1, 2]
set = ["steps={STEPS}", "pause=1", "pretraining_seeds=2"]
"""


# A pre-training of 8 s, fits of 1 s each: 20 per run.
TIMES = """
about = "for tests"
[[job]]
method = "learner"
fit = 1
pretraining = 8
[[job]]
method = "noise"
fit = 1
"""
CPU_JOBS = """
[[block]]
datasets = ["stick-figures/shoulder-press"]
methods = ["noise"]
schemes = ["one-class"]
seeds = [0, 1]
"""


@dataclass
class Place:
    """A folder with a data folder, a cache and a log of what the tests' methods did."""

    home: Path
    more: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        code = os.pathsep.join(map(str, (ROOT / "benchmark", PLUGINS)))
        ours = {name: str(self.home / name.lower()) for name in ("AQA_BENCH_DATA", "AQA_BENCH_CACHE")}
        ours |= {"PYTHONPATH": code, "AQA_TEST_LOG": str(self.home / "log"), "AQA_BENCH_OFFLINE": "1"}
        return {**os.environ, **ours, **self.more}

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "aqa_bench", *map(str, arguments)],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *arguments: object) -> Any:
        process = self.start(*arguments, "--json")
        out, err = process.communicate(timeout=900)
        assert process.returncode == 0, err
        return json.loads(out)

    def log(self) -> list[str]:
        file = self.home / "log"
        return file.read_text().splitlines() if file.exists() else []

    def learnt(self) -> Counter[str]:
        return Counter(line for line in self.log() if line.startswith("learnt"))

    def fitted(self) -> Counter[str]:
        return Counter(line for line in self.log() if line.startswith("fitted"))

    def seen(self) -> set[tuple[str, str]]:
        """Methods with the GPUs that they were shown."""
        lines = [line for line in self.log() if line.startswith("sees")]
        return {(name, gpus) for _, name, gpus in (line.split(" ", 2) for line in lines)}

    def running(self, out: str, suite: str = "faults") -> dict[str, Running]:
        return running_jobs(self.home / out / ".suite" / suite / "running")

    def predictions(self, out: str) -> dict[str, bytes]:
        folder = self.home / out
        return {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in folder.glob("[!.]*/*/*/*/predictions.csv")
        }

    def tables(self, out: str) -> dict[str, bytes]:
        """Boards of a folder of runs, without what a clock said."""
        from aqa_bench.boards import assemble, row_scores
        from aqa_bench.boards.building.leaderboard import build

        folder = self.home / f"boards-{out}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(assemble, "latency_ms", lambda *_: None)
            patch.setattr(row_scores, "N_RESAMPLES", 50)
            build(self.home / out, folder)
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("table.*")}


def faults(place: Place) -> Path:
    file = place.home / "faults.toml"
    file.write_text(FAULTS)
    return file


def planned(place: Place, *more: object, on_gpu: str = "", beside: str = "") -> Path:
    """A job file of the suite with faults, planned with times; jobs of one method may be for a GPU."""
    suite, times = faults(place), place.home / "times.toml"
    suite.write_text(FAULTS + beside)
    times.write_text(TIMES)
    file = place.home / "jobs.json"
    place.ask("suite", "plan", suite, "--times", times, "--runs", place.home / "none", "--out", file, *more)
    jobs = [job.model_copy(update={"gpu": job.request.method == on_gpu}) for job in read_job_file(file).jobs]
    return write_job_file(file, "faults", jobs)


def until(holds: Callable[[], bool], seconds: float = 600.0, every: float = 0.5) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(every)


def check_faults(place: Place, out: str) -> None:
    """Nothing is lost, and no step of a pre-training was made twice."""
    assert len([name for name in place.predictions(out) if "/learner/" in name]) == 3
    learnt = place.learnt()
    assert set(learnt.values()) == {1}
    assert len(learnt) == 2 * STEPS
    assert place.ask("suite", "status", faults(place), "--out", place.home / out)["failed"] == []
