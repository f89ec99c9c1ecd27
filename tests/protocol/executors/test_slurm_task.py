from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.paths import frames_home
from aqa_bench.protocol.executors import scratch
from aqa_bench.protocol.executors.job_file import write_job_file
from aqa_bench.protocol.executors.planning import Cost, plan_of
from aqa_bench.protocol.executors.slurm_task import SlurmTask
from aqa_bench.protocol.executors.work import JobResult, Workshop
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite_log import SuiteLog, job_id

DATASET, OTHER = "stick-figures/shoulder-press", "synthetic-gym/backsquat@tiny"


def task(tmp_path: Path, jobs, **more) -> SlurmTask:
    plan = write_job_file(tmp_path / "plan.json", "mine", jobs)
    return SlurmTask(plan, tuple(job.id for job in jobs), Workshop(tmp_path / "out"), **more)


def test_a_task_leaves_runs_and_errors_on_the_disk(plugins: Path, tmp_path: Path) -> None:
    fine = Request(DATASET, "constant", scheme="folds")
    failing = Request(DATASET, "noise", scheme="folds", overrides=("trick=fail",))
    log = SuiteLog(tmp_path / "out", "mine")
    log.failed(fine, "before")
    assert task(tmp_path, plan_of([failing, fine]))() == 1
    assert [*log.failures()] == [job_id(failing)]
    assert len(list((tmp_path / "out").glob("[!.]*/*/*/*/run.json"))) == 1


def test_what_waits_for_a_pre_training_that_failed_has_its_error(plugins: Path, tmp_path: Path) -> None:
    told = {"scheme": "one-class", "overrides": ("fails=true",), "pretrain_on": OTHER}
    requests = [Request(DATASET, "learner", seed=seed, **told) for seed in (0, 1)]
    first, *runs = plan_of(requests)
    plan = write_job_file(tmp_path / "plan.json", "mine", [first, *runs])
    with pytest.raises(AqaBenchError, match="pre-training failed"):
        SlurmTask(plan, (first.id,), Workshop(tmp_path / "out"))()
    errors = SuiteLog(tmp_path / "out", "mine").failures()
    assert {*errors} == {job_id(request) for request in requests}
    assert all("ZeroDivisionError" in error for error in errors.values())


def test_a_part_that_fails_is_the_run_s_error_until_the_run_is_made(plugins: Path, tmp_path: Path) -> None:
    request = Request(DATASET, "noise", scheme="one-class", overrides=("trick=fail",))
    first, second, run = plan_of([request], costs={request: Cost(20.0)}, split_s=10.0)
    plan = write_job_file(tmp_path / "plan.json", "mine", [first, second, run])
    with pytest.raises(AqaBenchError, match="part of a run failed"):
        SlurmTask(plan, (first.id, second.id), Workshop(tmp_path / "out"))()
    log = SuiteLog(tmp_path / "out", "mine")
    assert log.failures()[job_id(request)].startswith("a part of it failed:")
    # A part that ends well says nothing of its run's.
    well = first.model_copy(update={"request": replace(request, overrides=())})
    again = write_job_file(tmp_path / "again.json", "mine", [well, run.model_copy(update={"after": ()})])
    log.failed(well.request, "another part's")
    assert SlurmTask(again, (first.id,), Workshop(tmp_path / "out"))() == 1
    assert log.failures()[job_id(well.request)] == "another part's"


def test_frames_lie_on_scratch_and_come_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NODE", str(tmp_path / "node"))
    kept = tmp_path / "cache/frames/store/ab.frames"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"pixels")
    (kept.parent / ".locks").touch()
    with scratch.on_scratch("$NODE/mine") as folder:
        assert frames_home() == folder / "frames" == tmp_path / "node/mine/frames"
        assert [f.name for f in (folder / "frames/store").iterdir()] == ["ab.frames"]
        with scratch.in_the_cache():
            assert frames_home() == tmp_path / "cache/frames"
    assert frames_home() == tmp_path / "cache/frames"


def test_a_scratch_disk_that_is_full_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "is_full", lambda folder: True)
    with scratch.on_scratch(str(tmp_path / "node")) as folder:
        assert folder is None
        assert frames_home().parent != tmp_path / "node"


def test_a_job_that_fills_scratch_is_done_again_in_the_cache(
    job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = []

    def do(self: Workshop, one, *_: object) -> JobResult:
        places.append(frames_home())
        return JobResult(one.request, None, False, "no space" if len(places) == 1 else None)

    monkeypatch.setattr(Workshop, "do", do)
    monkeypatch.setattr("aqa_bench.protocol.executors.slurm_task.is_full", lambda folder: True)
    assert task(tmp_path, [job("1")], scratch=str(tmp_path / "node"))() == 1
    assert places[0] == tmp_path / "node/frames" != places[1]
