from __future__ import annotations

from pathlib import Path

from aqa_bench.core.registry import find_method
from aqa_bench.protocol.executors.planning import Cost, device_of, plan_of
from aqa_bench.protocol.plan import Request

DATASET = "stick-figures/shoulder-press"


def learner(seed: int = 0, *overrides: str, scheme: str = "folds", **more) -> Request:
    return Request(DATASET, "learner", None, seed, scheme, (), overrides, **more)


def test_runs_that_differ_in_their_heads_share_pre_trainings(plugins: Path) -> None:
    requests = [
        learner(0),
        learner(1),
        learner(0, "shift=2"),
        learner(0, "steps=2"),
        learner(0, scheme="one-class"),
    ]
    rest = plan_of([*requests, Request(DATASET, "noise")])
    runs = {job.request: job for job in rest if job.is_run}
    made = [job for job in rest if not job.is_run]
    waits = [set(runs[request].after) for request in requests]
    # Each fold has a pool of its own.
    assert len(waits[0]) == 25
    # The method says that its seeds share one, and that the head's shift does not matter.
    assert waits[0] == waits[1] == waits[2]
    assert not waits[0] & waits[3]
    assert len(waits[0] | waits[3] | waits[4]) == len(made)
    assert runs[Request(DATASET, "noise")].after == ()
    first = [job for job in made if job.id in waits[0]]
    assert {(job.request, job.pool.task) for job in first} == {(learner(0), "form")}
    assert len({job.pool.split for job in first}) == 25


def test_seeds_of_a_method_that_shares_none_have_their_own(plugins: Path) -> None:
    alone = [learner(seed, "pretraining_seeds=2", scheme="folds") for seed in range(3)]
    jobs = {job.request: set(job.after) for job in plan_of(alone) if job.is_run}
    assert jobs[alone[0]] == jobs[alone[2]]
    assert not jobs[alone[0]] & jobs[alone[1]]


def test_what_is_on_disk_waits_for_nothing_and_needs_no_pre_training(plugins: Path) -> None:
    jobs = plan_of([learner(0), learner(1)], done=lambda request: True)
    assert [(job.done, job.after) for job in jobs] == [(True, ()), (True, ())]


def test_a_pre_training_is_charged_once(plugins: Path) -> None:
    costs = {learner(seed): Cost(10.0, 7.0, 3.5) for seed in (0, 1)}
    jobs = plan_of([learner(0), learner(1)], costs=costs)
    assert [job.seconds for job in jobs if job.is_run] == [3.0, 3.0]
    assert {(job.seconds, job.memory_gb) for job in jobs if not job.is_run} == {(7.0, 3.5)}


def test_a_dataset_that_is_not_here_is_planned_all_the_same() -> None:
    base = Request("fitness-aqa/backsquat", "cvcspc", "paper", tasks=("kie",), scheme="official")
    other = Request("fitness-aqa/backsquat", "cvcspc", "paper", tasks=("ss",), scheme="official")
    rows = Request("fitness-aqa/barbell-row", "cvcspc", "paper", pretrain_on="fitness-aqa/backsquat")
    jobs = plan_of([base, other, rows])
    assert [job.is_run for job in jobs] == [False, True, True, True]
    assert all(job.gpu for job in jobs)


def test_pictures_are_for_a_gpu_and_all_else_for_cpus() -> None:
    said = {
        name: device_of(find_method(name).card, "auto")
        for name in ("cvcspc", "kinetics", "prior", "pose-tdm")
    }
    assert said == {"cvcspc": "auto", "kinetics": "auto", "prior": "cpu", "pose-tdm": "cpu"}
    assert device_of(find_method("prior").card, "cuda:1") == "cuda:1"
