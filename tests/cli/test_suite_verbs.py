from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.protocol.executors.job_file import read_job_file
from aqa_bench.protocol.executors.running import at_work
from aqa_bench.protocol.suite_log import SuiteLog, job_id

DATASET = "stick-figures/shoulder-press"
TIMES = """
about = "By hand."

[[job]]
method = "constant"
fit = 0
again = 60

[[job]]
method = "prior"
fit = 0
again = 30
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["constant", "prior"]\n')
    return file


def test_a_plan_is_written_run_and_told(cli, suite: Path, tmp_path: Path) -> None:
    jobs, runs = tmp_path / "jobs.json", tmp_path / "runs"
    planned = cli("suite", "plan", suite, "--out", jobs, "--runs", runs, "--json").document
    assert (planned["runs"], planned["done"], planned["pretrainings"], planned["estimated"]) == (2, 0, 0, 0)
    assert [job.request.method for job in read_job_file(jobs).jobs] == ["constant", "prior"]
    assert cli("suite", "run", jobs, "--out", runs, "--json").document["cached"] == 0
    assert cli("suite", "run", suite, "--out", runs, "--json").document["cached"] == 2
    assert cli("suite", "status", jobs, "--out", runs).out.splitlines() == [
        "2 jobs: 2 done, 0 failed, 0 left"
    ]
    again = cli("suite", "plan", suite, "--runs", runs)
    assert "2 of them on disk" in again.out
    assert "2 of 2 have an estimate" in again.out


def test_a_plan_is_simulated_with_a_table_of_times(cli, suite: Path, tmp_path: Path) -> None:
    times = tmp_path / "times.toml"
    times.write_text(TIMES)
    options = ("--runs", tmp_path / "none", "--simulate", "--gpus", "0", "--cpus", "2")
    found = cli("suite", "plan", suite, "--times", times, *options, "--json").document["simulation"]
    assert (found["seconds"], found["cpu_seconds"], found["idle"]) == (60.0, 90.0, 0.0)
    assert "about 1 min 00 s" in cli("suite", "plan", suite, "--times", times, *options).out
    missing = cli("suite", "plan", suite, *options)
    assert missing.code == 2
    assert "2 of 2 jobs without" in missing.err
    times.write_text("about = 1\n")
    assert "does not follow its schema" in cli("suite", "plan", suite, "--times", times).err


def test_several_suites_are_planned_as_one(cli, suite: Path, tmp_path: Path) -> None:
    jobs, other = tmp_path / "jobs.json", tmp_path / "other.toml"
    other.write_text(f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["prior", "duration"]\n')
    assert cli("suite", "plan", suite, other, "--out", jobs, "--json").document["runs"] == 3
    assert read_job_file(jobs).suite == "mine_other"
    assert cli("suite", "plan", jobs, "smoke").code == 2


def test_who_is_at_a_job_and_what_failed_is_told(cli, suite: Path, tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    planned = {job.method: job for job in read_plan(cli, suite, tmp_path)}
    log.failed(planned["prior"], "It did not work.\n  found: no memory")
    with at_work(log.claims, job_id(planned["constant"]), "ray"):
        told = cli("suite", "status", suite, "--out", tmp_path)
        document = cli("suite", "status", suite, "--out", tmp_path, "--json").document
    assert told.out.startswith("2 jobs: 0 done, 1 failed, 1 left (1 running, 0 queued)")
    assert "failed: " in told.out
    assert "It did not work. found: no memory" in told.out
    assert [job["at"]["engine"] for job in document["running"]] == ["ray"]


def test_what_failed_is_tried_again_alone(cli, suite: Path, tmp_path: Path) -> None:
    planned = {job.method: job for job in read_plan(cli, suite, tmp_path)}
    SuiteLog(tmp_path, "mine").failed(planned["prior"], "no memory")
    assert cli("suite", "retry", suite, "--failed", "--out", tmp_path, "--json").document["jobs"] == 1
    assert SuiteLog(tmp_path, "mine").failures() == {}
    assert cli("suite", "retry", suite, "--failed", "--out", tmp_path, "--json").document["jobs"] == 0
    cancelled = cli("suite", "cancel", suite, "--out", tmp_path, "--json")
    assert cancelled.document == {"cancelled": 0, "stopped": 0}


def test_a_machine_without_slurm_says_so_and_nothing_is_submitted(
    cli, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = cli("suite", "run", suite, "--executor", "slurm", "--out", tmp_path / "runs")
    assert answer.code == 2
    assert "There is no SLURM here" in answer.err or "needs the extra 'slurm'" in answer.err
    options = tmp_path / "cluster.toml"
    options.write_text("partitions = 'gpu'\n")
    wrong = cli("suite", "run", suite, "--executor", "slurm", "--options", options)
    assert "does not follow its schema" in wrong.err
    assert cli("suite", "run", suite, "--pack", "soon").code == 2


def test_what_nodes_would_not_find_is_said_before_anything_is_submitted(cli, tmp_path: Path) -> None:
    file = tmp_path / "far.toml"
    file.write_text('[[block]]\ndatasets = ["pose-trainer/bicep-curl"]\nmethods = ["constant"]\n')
    answer = cli("suite", "run", file, "--executor", "slurm", "--out", tmp_path / "runs", "--json")
    assert answer.code in (1, 2)
    assert not (tmp_path / "runs/.suite/far/slurm.json").exists()


def read_plan(cli, suite: Path, tmp_path: Path):
    jobs = tmp_path / "plan.json"
    assert cli("suite", "plan", suite, "--out", jobs, "--json").code == 0
    return read_job_file(jobs).requests
