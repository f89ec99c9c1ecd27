"""Suites on a real Ray cluster of two nodes on one machine (tools/ray_sandbox.py), with faults."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from .sandbox import ROOT, WANTED, WHY_NOT, Place, check_faults, faults, until

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
        [sys.executable, ROOT / "tools" / "ray_sandbox.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        # A cluster of somebody else's is sent the variables of this project, and no others.
        env={**os.environ, "AQA_TEST_LOG": str(folder / "log")},
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


def test_a_node_that_is_killed_loses_nothing_and_repeats_nothing(place: Place, cluster: Cluster) -> None:
    on = ("--executor", "ray", "--address", cluster.address)
    (place.home / "log").symlink_to(cluster.log)
    suite = place.start("suite", "run", faults(place), *on, "--out", place.home / "out", "--json")
    until(lambda: len(place.learnt()) >= 4)
    cluster.say("kill")
    cluster.say("node")
    _, err = suite.communicate(timeout=900)
    assert suite.returncode == 0, err
    check_faults(place, "out")
