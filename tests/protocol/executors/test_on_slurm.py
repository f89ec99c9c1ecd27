"""Suites on a real SLURM of one machine (tools/slurm_sandbox.sh), with faults."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .sandbox import ROOT, WANTED, WHY_NOT, Place, check_faults, faults, until

MOST = 5
_SANDBOX = ROOT / "tools" / "slurm_sandbox.sh"
_OPTIONS = "gpus = false\nmemory_gb = 2\nminutes = 20\nwarning_s = 10\n"

pytestmark = [
    pytest.mark.skipif(not os.environ.get(WANTED), reason=WHY_NOT),
    pytest.mark.skipif(shutil.which("slurmctld") is None, reason="SLURM is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("submitit") is None, reason="submitit is not installed"),
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root in a container"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("slurm")
    # munge looks at every folder above its socket.
    for above in (folder, *folder.parents[:3]):
        above.chmod(0o755)
    started = subprocess.run(
        [_SANDBOX, "start", folder], env={**os.environ, "MAX_ARRAY": str(MOST)}, check=False
    )
    assert started.returncode == 0
    yield folder
    subprocess.run([_SANDBOX, "stop", folder], check=True)


@pytest.fixture
def place(cluster: Path, tmp_path: Path) -> Place:
    (tmp_path / "options.toml").write_text(_OPTIONS)
    return Place(tmp_path, {"SLURM_CONF": str(cluster / "slurm.conf")})


def hand_over(place: Place, suite: object, out: str, *more: object) -> dict:
    options = ("--executor", "slurm", "--options", place.home / "options.toml")
    return place.ask("suite", "run", suite, *options, "--out", place.home / out, *more)


def task_at_work(place: Place, out: str) -> tuple[str, str]:
    """SLURM's id and node of a task that is pre-training."""
    for name, told in place.running(out).items():
        if name.startswith("p"):
            _, task, _, node = told.engine.replace(",", "").split()
            return task, node
    raise AssertionError("nothing is running")


def test_the_smoke_suite_is_the_same_there_and_here_in_arrays_that_the_cluster_takes(place: Place) -> None:
    local = place.ask("suite", "run", "smoke", "--jobs", "2", "--out", place.home / "here")
    given = hand_over(place, "smoke", "there")
    # Nine jobs, and no more than five tasks an array.
    assert (local["jobs"], len(given["submitted"]), given["arrays"]) == (9, 9, 2)
    assert hand_over(place, "smoke", "there")["queued_before"] > 0
    until(lambda: len(place.predictions("there")) == 9)
    assert place.predictions("there") == place.predictions("here")
    assert len(place.predictions("there")) == 9
    tables = place.tables("there")
    assert tables == place.tables("here")
    assert tables


def test_a_node_that_is_killed_loses_nothing_and_repeats_nothing(place: Place, cluster: Path) -> None:
    suite = faults(place)
    assert len(hand_over(place, suite, "out")["submitted"]) == 5
    until(lambda: len(place.learnt()) >= 4)
    _, node = task_at_work(place, "out")
    subprocess.run([_SANDBOX, "kill", cluster, node], check=True)
    subprocess.run([_SANDBOX, "node", cluster, node], check=True)
    until(lambda: len(place.predictions("out")) == 3)
    check_faults(place, "out")


@pytest.mark.parametrize("how", ["warned", "requeued"])
def test_a_preempted_job_goes_on_from_its_checkpoint(place: Place, how: str) -> None:
    suite = faults(place)
    hand_over(place, suite, "out")
    until(lambda: len(place.learnt()) >= 4)
    task, _ = task_at_work(place, "out")
    command = ["scontrol", "requeue", task] if how == "requeued" else ["scancel", "--signal=USR2", task]
    subprocess.run(command, env=place.environment(), check=True)
    until(lambda: len(place.predictions("out")) == 3)
    check_faults(place, "out")


def test_a_scratch_disk_that_is_full_is_left_alone(place: Place) -> None:
    disk = place.home / "scratch"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        (place.home / "options.toml").write_text(f'{_OPTIONS}scratch = "{disk}"\n')
        hand_over(place, faults(place), "out")
        until(lambda: len(place.predictions("out")) == 3)
        check_faults(place, "out")
        logs = [file.read_text() for file in (place.home / "out/.suite/faults/slurm").glob("*log.err")]
        assert any(f"stay in the cache, not in {disk}" in text for text in logs)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_suite_is_cancelled_and_retried(place: Place) -> None:
    suite = faults(place)
    hand_over(place, suite, "out")
    until(lambda: len(place.learnt()) >= 2)
    # On a busy machine the pre-trainings may have ended by now; the runs have not.
    assert place.ask("suite", "cancel", suite, "--out", place.home / "out")["cancelled"] >= 3
    until(lambda: not place.running("out"))
    options = ("--executor", "slurm", "--options", place.home / "options.toml")
    again = place.ask("suite", "retry", suite, *options, "--out", place.home / "out")
    assert len(again["submitted"]) == 5
    until(lambda: len(place.predictions("out")) == 3)
    check_faults(place, "out")
