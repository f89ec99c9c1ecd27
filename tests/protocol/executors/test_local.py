from __future__ import annotations

from collections import Counter
from pathlib import Path

from aqa_bench.core.progress import NullProgress
from aqa_bench.protocol.executors.agenda import wanted_for
from aqa_bench.protocol.executors.planning import Cost, plan_of
from aqa_bench.protocol.executors.work import Workshop
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite_jobs import run_jobs
from aqa_bench.protocol.suite_log import SuiteLog, job_id

DATASET, OTHER = "stick-figures/shoulder-press", "synthetic-gym/backsquat@tiny"


def learner(seed: int, *overrides: str) -> Request:
    # Another dataset's pool is one for all splits.
    return Request(DATASET, "learner", seed=seed, scheme="one-class", overrides=overrides, pretrain_on=OTHER)


class Shown(NullProgress):
    def __init__(self) -> None:
        self.fields: list[dict[str, object]] = []

    def advance(self, steps: int = 1, **fields: object) -> None:
        if fields:
            self.fields.append(fields)


def test_a_pre_training_is_made_once_and_nothing_is_tried_that_waits_for_a_failure(
    plugins: Path, tmp_path: Path, fits
) -> None:
    well, badly = learner(0), [learner(seed, "fails=true") for seed in (0, 1)]
    long = Request(DATASET, "noise", scheme="one-class", overrides=("trick=fail",))
    requests = [*badly, well, long]
    jobs, log = plan_of(requests, costs={long: Cost(20.0)}, split_s=10.0), SuiteLog(tmp_path, "mine")
    shown = Shown()
    done = run_jobs(requests, tmp_path, workers=2, planned=jobs, log=log, progress=shown)
    results = {r.request: r for r in done}
    assert len(results) == 4
    # Two pre-trainings and two parts come first; without a word of them nothing would seem to happen.
    assert shown.fields == [{"prepared": f"{number}/4"} for number in (1, 2, 3, 4)]
    assert results[well].error is None
    # By a job of its own; the run finds it.
    assert Counter(line.split()[0] for line in fits() if line[0] != "r") == {"learnt": 1, "fitted": 20}
    for job in badly:
        assert results[job].error.startswith("its pre-training failed:")
        assert "ZeroDivisionError: by design" in results[job].error
    # Of the run in two parts, both failed in their first fit.
    assert results[long].error.startswith("a part of it failed:")
    assert "ZeroDivisionError: by design" in results[long].error
    assert "_fail" in results[long].details
    assert {*log.failures()} == {job_id(job) for job in (*badly, long)}


def test_only_what_was_asked_for_of_a_plan_is_run(tmp_path: Path) -> None:
    jobs = [Request(DATASET, method, scheme="one-class") for method in ("constant", "prior")]
    planned = plan_of(jobs)
    (result,) = run_jobs(jobs[:1], tmp_path, planned=planned)
    assert (result.error, result.request) == (None, jobs[0])
    assert wanted_for(planned, jobs[:1]) == planned[:1]


def test_a_pre_training_that_was_planned_with_other_splits_says_so(plugins: Path, tmp_path: Path) -> None:
    (first, *_) = plan_of([learner(0)])
    odd = first.model_copy(update={"pool": first.pool.model_copy(update={"split": "gone"})})
    result = Workshop(tmp_path).do(odd)
    assert "other splits than they had" in str(result.error)
