from __future__ import annotations

import random
import time

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.executors.job_file import JobKind, PlannedJob
from aqa_bench.protocol.executors.simulate import simulate
from aqa_bench.protocol.plan import Request


def test_a_plan_by_hand(job) -> None:
    jobs = [
        job("p1", seconds=10.0, gpu=True),
        job("2", after=("p1",), seconds=4.0, gpu=True),
        job("3", after=("p1",), seconds=4.0, gpu=True),
        job("4", seconds=6.0, gpu=True),
        job("5", seconds=30.0),
    ]
    two = simulate(jobs, gpus=2, cpus=1)
    # 0-10 and 10-14 on one GPU, 0-6 and 10-14 on the other: 24 of 28 seconds.
    assert (two.seconds, two.gpu_seconds, two.cpu_seconds, two.longest) == (30.0, 24.0, 30.0, 30.0)
    assert two.idle == pytest.approx(4 / 28)
    one = simulate(jobs, gpus=1, cpus=0)
    assert (one.seconds, one.idle) == (54.0, 0.0)
    assert simulate(jobs, gpus=0, cpus=1).seconds == 54.0


def test_a_job_without_an_estimate_is_no_zero(job) -> None:
    with pytest.raises(UsageError, match="only if every job has an estimate"):
        simulate([job("1", seconds=1.0), job("2")], 1, 1)
    with pytest.raises(UsageError, match="something to run on"):
        simulate([job("1", seconds=1.0)], 0, 0)


def test_ten_thousand_jobs_take_seconds() -> None:
    draw = random.Random(0)
    jobs = [
        PlannedJob(
            id=f"p{i:012x}",
            kind=JobKind.PRETRAINING,
            request=Request("d", "m", seed=i),
            gpu=True,
            seconds=draw.uniform(1000, 5000),
        )
        for i in range(500)
    ]
    jobs += [
        PlannedJob(
            id=f"{i:012x}",
            kind=JobKind.RUN,
            request=Request("d", "m", seed=i),
            gpu=i % 3 > 0,
            after=(f"p{draw.randrange(500):012x}",) if i % 2 else (),
            seconds=draw.uniform(10, 300),
        )
        for i in range(9500)
    ]
    started = time.process_time()
    found = simulate(jobs, gpus=64, cpus=16)
    assert time.process_time() - started < 10
    assert found.gpu_seconds + found.cpu_seconds == pytest.approx(sum(job.seconds for job in jobs))
    assert found.gpu_seconds <= 64 * found.seconds
