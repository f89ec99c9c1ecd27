from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.core.record import read_record
from aqa_bench.run.plan import Request
from aqa_bench.run.suite import plan_jobs, read_suite, run_jobs

DATASET = "stick-figures/shoulder-press"


def planned(tmp_path: Path, text: str) -> list[Request]:
    file = tmp_path / "suite.toml"
    file.write_text(text)
    return plan_jobs(read_suite(file))


def test_a_block_is_a_product(plugins, tmp_path: Path) -> None:
    jobs = planned(
        tmp_path,
        """
        about = "Everything."
        [[block]]
        datasets = ["stick-figures/*"]
        methods = ["noise", "steady"]
        schemes = ["folds", "one-class"]
        seeds = [0, 1]
        set = ["shift=1"]
        """,
    )
    assert [(j.method, j.scheme, j.seed) for j in jobs] == [
        ("noise", "folds", 0),
        ("noise", "folds", 1),
        ("noise", "one-class", 0),
        ("noise", "one-class", 1),
        ("steady", "folds", 0),
        ("steady", "one-class", 0),
    ]
    assert {j.dataset for j in jobs} == {DATASET}
    assert {j.overrides for j in jobs} == {("shift=1",)}


def test_jobs_that_two_blocks_name_are_planned_once(plugins, tmp_path: Path) -> None:
    block = f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["noise"]\n'
    assert len(planned(tmp_path, block + block)) == 1
    assert len(planned(tmp_path, block + block + "seeds = [0, 1]\n")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[block]\n", "line"),
        ("", "block"),
        ("[[block]]\ndatasets = []\nmethods = ['noise']\n", "datasets"),
        ("[[block]]\ndatasets = ['x']\n", "methods"),
        ("[[block]]\ndatasets = ['x']\nmethods = ['noise']\nseed = [1]\n", "seed"),
        ("[[block]]\ndatasets = ['stick-figures/*']\nmethods = ['nosie']\n", "Did you mean 'noise'"),
        ("[[block]]\ndatasets = ['stick-figure/*']\nmethods = ['noise']\n", "There is no dataset"),
        (
            "[[block]]\ndatasets = ['stick-figures/*']\nmethods = ['noise']\nschemes = ['fold']\n",
            "Did you mean 'folds'",
        ),
    ],
)
def test_a_suite_that_cannot_be_planned_is_a_usage_error(
    plugins, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        planned(tmp_path, text)


def test_a_suite_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(UsageError):
            read_suite(path)


def test_what_is_on_disk_is_skipped(plugins, tmp_path: Path, fits) -> None:
    jobs = [Request(DATASET, "noise", seed=s, scheme="one-class") for s in (0, 1)]
    assert [r.cached for r in run_jobs(jobs[:1], tmp_path)] == [False]
    assert [r.cached for r in run_jobs(jobs, tmp_path)] == [True, False]
    assert len(fits()) == 40
    assert [r.cached for r in run_jobs(jobs, tmp_path, force=True)] == [False, False]
    assert len(fits()) == 80


def test_a_job_that_fails_does_not_stop_the_others(plugins, tmp_path: Path) -> None:
    jobs = [
        Request(DATASET, "noise", scheme="one-class", overrides=("trick=fail",)),
        Request(DATASET, "noise", "missing"),
        Request(DATASET, "noise", scheme="one-class"),
    ]
    failed, missing, fine = run_jobs(jobs, tmp_path)
    assert "ZeroDivisionError: by design" in str(failed.error)
    assert failed.path is None
    assert "There is no recipe 'missing'" in str(missing.error)
    assert fine.error is None
    assert fine.path is not None
    assert read_record(fine.path).method == "noise"


def test_processes_run_jobs_and_one_that_dies_takes_no_other_along(plugins, tmp_path: Path) -> None:
    jobs = [Request(DATASET, "noise", scheme="one-class", overrides=("trick=die",))]
    jobs += [Request(DATASET, "noise", seed=s, scheme="one-class") for s in range(3)]
    results = {r.request: r for r in run_jobs(jobs, tmp_path / "runs", workers=2)}
    assert len(results) == 4
    assert "its process ended" in str(results[jobs[0]].error)
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
    list(run_jobs([Request(DATASET, "noise", "missing")] * 2, tmp_path, progress=counter))
    assert (counter.total, counter.done, counter.closed) == (2, 2, True)
