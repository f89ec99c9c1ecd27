"""Suites on a real SLURM of one machine (tools/slurm_sandbox.sh), with faults."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .sandbox import CPU_JOBS, ROOT, STEPS, WANTED, WHY_NOT, Place, check_faults, faults, planned, until

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
        [_SANDBOX, "start", folder], env={**os.environ, "MAX_ARRAY": str(MOST), "GPU": "1"}, check=False
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


def test_a_run_in_parts_is_the_run_of_one_machine_and_a_preempted_part_goes_on(place: Place) -> None:
    place.ask("suite", "run", faults(place), "--jobs", "2", "--out", place.home / "here")
    (place.home / "log").unlink()
    jobs = planned(place, "--split", "10s")
    given = hand_over(place, jobs, "there")
    # Two pre-trainings, two parts of each run, three runs.
    assert (len(given["submitted"]), given["tasks"]) == (11, 11)
    until(lambda: any("." in name for name in place.running("there")) and len(place.fitted()) > 2)
    name = next(iter(name for name in place.running("there") if "." in name))
    _, task, _, node = place.running("there")[name].engine.replace(",", "").split()
    assert node in ("n1", "n2")
    status = place.ask("suite", "status", faults(place), "--out", place.home / "there")
    assert status["running"]
    assert name in [part["id"] for part in status["parts"]] or name not in place.running("there")
    subprocess.run(["scontrol", "requeue", task], env=place.environment(), check=False)
    until(lambda: len(place.predictions("there")) == 3)
    assert place.predictions("there") == place.predictions("here")
    # The preempted part may have been at one fit; all that was finished is kept.
    fitted = place.fitted()
    assert len(fitted) == 3 * 20
    assert sum(fitted.values()) <= 3 * 20 + 1
    # Weights of the local suite are in the cache: nothing was learnt again.
    assert place.learnt() == {}
    assert not [*(place.home / "there").glob(".*.partial")]


def test_short_jobs_share_a_task(place: Place) -> None:
    given = hand_over(place, planned(place), "out", "--pack", "20m")
    # Two pre-trainings, and the runs that wait for one together.
    assert (len(given["submitted"]), given["tasks"]) == (5, 4)
    until(lambda: len(place.predictions("out")) == 3)
    check_faults(place, "out")
    assert {*place.fitted().values()} == {1}


def test_frames_are_taken_to_a_node_s_own_disk(place: Place) -> None:
    kept = place.home / "aqa_bench_cache/frames/store/ab.frames"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"pixels")
    disk = place.home / "node"
    (place.home / "options.toml").write_text(f'{_OPTIONS}scratch = "{disk}/$SLURMD_NODENAME"\n')
    hand_over(place, faults(place), "out")
    until(lambda: len(place.predictions("out")) == 3)
    check_faults(place, "out")
    taken = {file.relative_to(disk).as_posix() for file in disk.rglob("*.frames")}
    assert taken == {f"{node}/frames/store/ab.frames" for node in ("n1", "n2")}


def test_a_time_limit_is_reached_and_the_job_goes_on(place: Place) -> None:
    suite = faults(place)
    suite.write_text(suite.read_text().replace("pause=1", "pause=20"))
    options = _OPTIONS.replace("minutes = 20", "minutes = 2")
    (place.home / "options.toml").write_text(options)
    hand_over(place, suite, "out")
    # A task that cannot even start within its limit is lost: two minutes, on a machine that may be busy.
    until(lambda: len(place.predictions("out")) == 3, 1800)
    assert set(place.learnt().values()) == {1}
    assert len(place.learnt()) == 2 * STEPS
    logs = [file.read_text() for file in (place.home / "out/.suite/faults/slurm").glob("*log.err")]
    assert any("requeue" in text.lower() for text in logs)


def test_jobs_for_a_gpu_go_where_one_is_and_others_beside_them(place: Place) -> None:
    seen = place.home / "seen"
    options = _OPTIONS.replace("gpus = false", "cpus_per_gpu_job = 1")
    told = f'echo "$SLURMD_NODENAME ${{CUDA_VISIBLE_DEVICES-none}}" >> {seen}'
    (place.home / "options.toml").write_text(f"{options}setup = ['{told}']\n")
    given = hand_over(place, planned(place, on_gpu="learner", beside=CPU_JOBS), "out")
    assert len(given["submitted"]) == 7
    until(lambda: len(place.predictions("out")) == 5, 1800)
    check_faults(place, "out")
    lines = [line.split() for line in seen.read_text().splitlines()]
    on_gpu = [line for line in lines if line[1] == "0"]
    assert (len(on_gpu), {line[0] for line in on_gpu}) == (5, {"n1"})
    assert {line[1] for line in lines if line not in on_gpu} == {"none"}
    assert "n2" in {line[0] for line in lines if line not in on_gpu}
