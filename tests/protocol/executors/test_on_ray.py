"""Suites on a real Ray cluster of two nodes on one machine (tools/ray_sandbox.py), with faults."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from .sandbox import CPU_JOBS, ROOT, WANTED, WHY_NOT, Place, check_faults, faults, planned, until

pytestmark = [
    pytest.mark.skipif(not os.environ.get(WANTED), reason=WHY_NOT),
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
]


@dataclass
class Cluster:
    address: str
    log: Path
    line: IO[str]
    told: IO[str]

    def say(self, word: str) -> None:
        self.line.write(f"{word}\n")
        self.line.flush()
        assert f"done: {word}" in self.told.readline()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("ray")
    process = subprocess.Popen(
        [sys.executable, ROOT / "tools" / "ray_sandbox.py", "--gpus", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        # A cluster of somebody else's is sent the variables of this project, and no others.
        env={**os.environ, "AQA_TEST_LOG": str(folder / "log"), "AQA_TEST_SEES": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # What Ray itself prints comes before.
    address = next(line for line in process.stdout if line[0].isdigit() and " " not in line).strip()
    yield Cluster(address, folder / "log", process.stdin, process.stdout)
    process.stdin.close()
    process.wait(60)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    # A cluster of somebody else's that a variable names is not joined.
    return Place(tmp_path, {"RAY_ADDRESS": "127.0.0.1:1"})


def test_the_smoke_suite_is_the_same_there_and_here(place: Place, cluster: Cluster) -> None:
    place.ask("suite", "run", "smoke", "--jobs", "2", "--out", place.home / "here")
    on = ("--executor", "ray", "--address", cluster.address)
    assert place.ask("suite", "run", "smoke", *on, "--out", place.home / "there")["failed"] == []
    assert place.predictions("there") == place.predictions("here")
    assert len(place.predictions("there")) == 9
    tables = place.tables("there")
    assert tables == place.tables("here")
    assert tables


def test_a_cluster_of_its_own_is_started_and_ended(place: Place) -> None:
    found = place.ask(
        "suite", "run", faults(place), "--executor", "ray", "--jobs", "2", "--out", place.home / "o"
    )
    assert (found["jobs"], found["failed"]) == (3, [])
    check_faults(place, "o")


@pytest.mark.parametrize("how", ["kill", "drain"])
def test_a_node_that_goes_loses_nothing_and_repeats_nothing(place: Place, cluster: Cluster, how: str) -> None:
    suite = handed(place, cluster, faults(place))
    until(lambda: len(place.learnt()) >= 4)
    cluster.say(how)
    cluster.say("node")
    ended(suite)
    check_faults(place, "out")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_is_ended_is_begun_again_and_goes_on(
    place: Place, cluster: Cluster, number: signal.Signals
) -> None:
    suite = handed(place, cluster, faults(place))
    until(lambda: len(place.learnt()) >= 4)
    os.kill(next(told.process for name, told in place.running("out").items() if name[0] == "p"), number)
    ended(suite)
    check_faults(place, "out")


def test_a_run_in_parts_is_the_run_of_one_machine_and_a_part_that_is_ended_goes_on(
    place: Place, cluster: Cluster
) -> None:
    place.ask("suite", "run", faults(place), "--jobs", "2", "--out", place.home / "here")
    suite = handed(place, cluster, planned(place, "--split", "10s"))
    until(lambda: any("." in name for name in place.running("out")) and len(place.fitted()) > 2)
    os.kill(next(t.process for name, t in place.running("out").items() if "." in name), signal.SIGTERM)
    ended(suite)
    assert place.predictions("out") == place.predictions("here")
    fitted = place.fitted()
    assert len(fitted) == 3 * 20
    assert sum(fitted.values()) <= 3 * 20 + 1


def test_jobs_for_a_gpu_go_where_one_is_and_others_see_none(place: Place, cluster: Cluster) -> None:
    ended(handed(place, cluster, planned(place, on_gpu="learner", beside=CPU_JOBS)))
    check_faults(place, "out")
    assert len(place.predictions("out")) == 5
    assert place.seen() == {("learner", "0"), ("noise", "")}


def handed(place: Place, cluster: Cluster, suite: Path) -> subprocess.Popen[str]:
    # The processes of a cluster log where it was told to.
    cluster.log.unlink(missing_ok=True)
    (place.home / "log").unlink(missing_ok=True)
    (place.home / "log").symlink_to(cluster.log)
    on = ("--executor", "ray", "--address", cluster.address)
    return place.start("suite", "run", suite, *on, "--out", place.home / "out", "--json")


def ended(suite: subprocess.Popen[str]) -> None:
    _, err = suite.communicate(timeout=900)
    assert suite.returncode == 0, err
