from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.record import read_record
from aqa_bench.protocol.plan import Request, RunFolders, resolve
from aqa_bench.protocol.suite_jobs import run_jobs
from aqa_bench.protocol.suite_log import Shard, SuiteLog

DATASET = "stick-figures/shoulder-press"
PLUGINS = Path(__file__).parents[1] / "plugins"


def noise(seed: int = 0, *overrides: str) -> Request:
    return Request(DATASET, "noise", seed=seed, scheme="one-class", overrides=overrides)


def test_what_is_on_disk_is_skipped(plugins, tmp_path: Path, fits) -> None:
    jobs = [noise(0), noise(1)]
    assert [r.cached for r in run_jobs(jobs[:1], tmp_path)] == [False]
    assert [r.cached for r in run_jobs(jobs, tmp_path)] == [True, False]
    assert len(fits()) == 40
    assert [r.cached for r in run_jobs(jobs, tmp_path, force=True)] == [False, False]
    assert len(fits()) == 80


def test_folders_of_many_requests_are_those_of_each(plugins) -> None:
    requests = [
        noise(1),
        noise(0, "shift=1.5"),
        Request(DATASET, "noise", "quick", scheme="folds"),
        Request(DATASET, "steady", seed=7, tasks=("form",)),
        Request(DATASET, "constant"),
    ]
    folder_of = RunFolders()
    assert [folder_of(request) for request in requests] == [resolve(request).folder for request in requests]


def test_the_first_seed_of_every_method_comes_first(plugins, tmp_path: Path) -> None:
    jobs = [noise(0), noise(1), noise(0, "shift=1.5"), noise(1, "shift=1.5")]
    ended = [result.request for result in run_jobs(jobs, tmp_path)]
    assert ended == [jobs[0], jobs[2], jobs[1], jobs[3]]


def test_a_job_that_fails_does_not_stop_the_others(plugins, tmp_path: Path) -> None:
    jobs = [noise(0, "trick=fail"), Request(DATASET, "noise", "missing"), noise()]
    results = {result.request: result for result in run_jobs(jobs, tmp_path)}
    failed, missing, fine = (results[job] for job in jobs)
    assert "ZeroDivisionError: by design" in str(failed.error)
    assert "in _fail" in failed.details
    assert failed.path is None
    assert "There is no recipe 'missing'" in str(missing.error)
    assert fine.error is None
    assert fine.path is not None
    assert read_record(fine.path).method == "noise"


def test_a_dataset_that_cannot_be_opened_fails_its_jobs_alone(plugins, tmp_path: Path) -> None:
    jobs = [Request("pose-trainer/bicep-curl", "constant", scheme=s) for s in ("folds", "notebook")]
    *absent, fine = run_jobs([*jobs, noise()], tmp_path)
    assert ["has not been prepared" in str(result.error) for result in absent] == [True, True]
    assert fine.error is None


def test_an_error_is_kept_until_its_job_succeeds(
    plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SuiteLog(tmp_path, "mine")
    jobs = [noise(0, "trick=fail"), noise()]
    list(run_jobs(jobs, tmp_path, log=log))
    ((_, error),) = log.failures().items()
    assert "ZeroDivisionError" in error
    monkeypatch.setenv("AQA_TEST_MENDED", "1")
    assert [result.error for result in run_jobs(jobs, tmp_path, log=log)] == [None, None]
    assert log.failures() == {}


def test_an_error_of_what_is_on_disk_by_now_is_cleared(plugins, tmp_path: Path) -> None:
    log = SuiteLog(tmp_path, "mine")
    list(run_jobs([noise()], tmp_path))
    log.failed(noise(), "ran out of memory")
    (result,) = run_jobs([noise()], tmp_path, log=log)
    assert result.cached
    assert log.failures() == {}


def test_processes_run_jobs_and_one_that_dies_takes_no_other_along(plugins, tmp_path: Path) -> None:
    jobs = [noise(0, "trick=die"), *(noise(s) for s in range(3))]
    results = {r.request: r for r in run_jobs(jobs, tmp_path / "runs", workers=2)}
    assert len(results) == 4
    assert "ended its process" in str(results[jobs[0]].error)
    assert [results[job].error for job in jobs[1:]] == [None, None, None]
    alone = list(run_jobs(jobs[1:2], tmp_path / "alone"))
    one, other = (read_record(r.path) for r in (results[jobs[1]], alone[0]))
    assert one.predictions_sha256 == other.predictions_sha256
    assert one.environment.threads == 1


def test_progress_counts_every_job(plugins, tmp_path: Path) -> None:
    class Counter:
        total, done, closed = None, 0, False

        def start(self, task: str, total: int | None = None) -> None:
            self.total = total

        def advance(self, steps: int = 1, **fields: object) -> None:
            self.done += steps

        def close(self) -> None:
            self.closed = True

    counter = Counter()
    list(run_jobs([Request(DATASET, "noise", "missing")] * 2, tmp_path, workers=2, progress=counter))
    assert (counter.total, counter.done, counter.closed) == (2, 2, True)


def test_a_run_shows_where_it_and_the_suite_are(plugins, tmp_path: Path) -> None:
    class Names(NullProgress):
        def __init__(self) -> None:
            self.names: list[str] = []

        def start(self, task: str, total: int | None = None) -> None:
            self.names.append(task)

    shown = Names()
    list(run_jobs([noise(0), noise(1)], tmp_path, progress=shown))
    fits = [name for name in shown.names if name.endswith("fitting and scoring")]
    assert fits[0].startswith("suite 0/2: noise ")
    assert fits[-1].startswith("suite 1/2")
    assert shown.names[-1].startswith("suite 2/2")


def results_in(folder: Path) -> dict[str, tuple[str, dict]]:
    """Every run's predictions and metrics, by path."""
    return {
        file.parent.relative_to(folder).as_posix(): (
            sha256_file(file.with_name("predictions.csv")),
            read_record(file.parent).model_dump(exclude={"created", "timings", "environment", "seal"}),
        )
        for file in folder.rglob("run.json")
    }


def test_two_shards_merged_are_the_whole(plugins, tmp_path: Path) -> None:
    jobs = [noise(seed) for seed in range(9, 13)] + [Request(DATASET, "steady", scheme="one-class")]
    failing = noise(0, "trick=fail")
    for folder, part in (("whole", Shard(1, 1)), ("one", Shard(1, 2)), ("two", Shard(2, 2))):
        log = SuiteLog(tmp_path / folder, "mine")
        log.plan([*jobs, failing])
        list(run_jobs(part.of([*jobs, failing]), tmp_path / folder, log=log))
    assert all(0 < len(results_in(tmp_path / name)) < 5 for name in ("one", "two"))
    for name in ("one", "two"):
        shutil.copytree(tmp_path / name, tmp_path / "merged", dirs_exist_ok=True)
    assert results_in(tmp_path / "merged") == results_in(tmp_path / "whole")
    kept = [SuiteLog(tmp_path / name, "mine") for name in ("merged", "whole")]
    assert kept[0].failures() == kept[1].failures() != {}
    plans = [(log.folder / "jobs.jsonl").read_bytes() for log in kept]
    assert plans[0] == plans[1]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_workers_end_with_a_suite_that_is_killed(tmp_path: Path) -> None:
    file, pids = tmp_path / "suite.toml", tmp_path / "pids"
    pids.mkdir()
    file.write_text(
        f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["noise"]\nseeds = [0, 1]\nset = ["trick=hang"]\n'
    )
    arguments = ["suite", file, "--jobs", "2", "--out", tmp_path / "runs"]
    suite = subprocess.Popen(
        [sys.executable, "-m", "aqa_bench", *arguments],
        env=os.environ | {"PYTHONPATH": str(PLUGINS), "AQA_TEST_PIDS": str(pids)},
        stderr=subprocess.DEVNULL,
    )
    try:
        assert waited(lambda: len(list(pids.iterdir())) == 2)
        assert all(alive(int(file.name)) for file in pids.iterdir())
    finally:
        suite.send_signal(signal.SIGKILL)
        suite.wait()
    assert waited(lambda: not any(alive(int(file.name)) for file in pids.iterdir()))


def waited(holds, seconds: float = 300.0) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    try:
        # An orphan that nobody has waited for yet is dead all the same.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
