from __future__ import annotations

from collections import Counter
from pathlib import Path

from aqa_bench.protocol.executors.agenda import wanted_for
from aqa_bench.protocol.executors.planning import plan_of
from aqa_bench.protocol.executors.work import Workshop
from aqa_bench.protocol.plan import Request
from aqa_bench.protocol.suite_jobs import run_jobs

DATASET, OTHER = "stick-figures/shoulder-press", "synthetic-gym/backsquat@tiny"


def learner(seed: int, *overrides: str) -> Request:
    # Another dataset's pool is one for all splits.
    return Request(DATASET, "learner", seed=seed, scheme="one-class", overrides=overrides, pretrain_on=OTHER)


def test_processes_pre_train_once_and_do_not_try_what_waits_for_a_failure(
    plugins: Path, tmp_path: Path, fits
) -> None:
    well, badly = [learner(0), learner(1)], [learner(seed, "fails=true") for seed in (0, 1)]
    results = {r.request: r for r in run_jobs([*badly, *well], tmp_path, workers=2)}
    assert len(results) == 4
    assert [results[job].error for job in well] == [None, None]
    assert Counter(line.split()[0] for line in fits()) == {"learnt": 1, "fitted": 40}
    for job in badly:
        assert results[job].error.startswith("its pre-training failed:")
        assert "ZeroDivisionError: by design" in results[job].error


def test_a_job_file_gives_the_same_runs(tmp_path: Path) -> None:
    jobs = [Request(DATASET, method, scheme="one-class") for method in ("constant", "prior")]
    planned = plan_of(jobs)
    (planned_run,) = run_jobs(jobs[:1], tmp_path / "a", planned=planned)
    (plain,) = run_jobs(jobs[:1], tmp_path / "b")
    found = [(r.path / "predictions.csv").read_bytes() for r in (planned_run, plain)]
    assert found[0] == found[1]
    assert wanted_for(planned, jobs[:1]) == planned[:1]


def test_a_pre_training_that_was_planned_with_other_splits_says_so(plugins: Path, tmp_path: Path) -> None:
    (first, *_) = plan_of([learner(0)])
    odd = first.model_copy(update={"pool": first.pool.model_copy(update={"split": "gone"})})
    result = Workshop(tmp_path).do(odd)
    assert "other splits than they had" in str(result.error)
