"""The executor of Ray clusters: a cluster by its address, or one of its own on this machine."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.executors.agenda import Agenda
from aqa_bench.protocol.executors.job_file import PlannedJob
from aqa_bench.protocol.executors.work import JobResult, Workshop, died, given_up
from aqa_bench.protocol.suite_workers import NO_GPU, THREADS, VISIBLE, cuda_devices, visible_gpus

__all__ = ["on_ray"]

_TRIES: Final = 3
"""How often a job is begun again whose machine has gone."""


def on_ray(
    jobs: Sequence[PlannedJob],
    shop: Workshop,
    *,
    address: str | None = None,
    processes: int = 1,
) -> Iterator[JobResult]:
    """Do jobs on Ray; only names and results travel, and everything else lies on a disk that all nodes share.

    Args:
        jobs: The jobs, each after those that it waits for.
        shop: Does a job.
        address: Of a cluster, as ``host:port``; without it a cluster of its own is started on this machine
            and ended with the suite. A cluster that happens to run here is never joined.
        processes: Processes of a cluster of its own.

    Yields:
        Results of runs as they end. A run whose pre-training or part failed is not tried.

    Raises:
        UsageError: Ray is not installed, or there is no such cluster.
    """
    ray = _ray()
    shop = replace(shop, out=shop.out.absolute(), claims=shop.claims and shop.claims.absolute())
    with _cluster(ray, address, processes):
        gpus = ray.cluster_resources().get("GPU", 0) > 0
        agenda, at_work = Agenda(jobs), dict[Any, PlannedJob]()
        while True:
            # All that can be done now: which of it is done where is the cluster's to choose, in this order.
            while (job := agenda.take()) is not None:
                at_work[_submitted(ray, shop, job, gpus=gpus)] = job
            if not at_work:
                return
            (ended,), _ = ray.wait([*at_work], num_returns=1)
            job = at_work.pop(ended)
            result = _result(ray, ended, job)
            lost = agenda.ended(job, well=result.error is None)
            if job.is_run:
                yield result
            yield from (given_up(gone, job, result) for gone in lost if gone.is_run)


def _submitted(ray: Any, shop: Workshop, job: PlannedJob, *, gpus: bool) -> Any:
    # A process does one job: what a GPU's driver and PyTorch hold on to goes with it.
    wanted = {"num_cpus": 1, "num_gpus": 1 if gpus and job.gpu else 0, "max_calls": 1, "max_retries": _TRIES}
    return ray.remote(**wanted)(_do).options(name=job.id).remote(shop, job, gpus and not job.gpu)


def _do(shop: Workshop, job: PlannedJob, hides: bool) -> JobResult:
    if hides:
        # Ray leaves all of a node's GPUs in sight of a job that asked for none.
        os.environ[VISIBLE] = NO_GPU
    return shop.do(job, engine="ray")


def _result(ray: Any, reference: Any, job: PlannedJob) -> JobResult:
    try:
        result: JobResult = ray.get(reference)
    except ray.exceptions.RayError as error:
        return died(job, error)
    return result


@contextmanager
def _cluster(ray: Any, address: str | None, processes: int) -> Iterator[None]:
    environment = {"env_vars": dict(_environment())}
    told = {"logging_level": logging.WARNING, "log_to_driver": False, "runtime_env": environment}
    try:
        if address is not None:
            ray.init(address=address, **told)
            own = None
        else:
            # Sockets have short names: the folder lies in the system's own, under a name of its own.
            own = tempfile.TemporaryDirectory(prefix="aqa-ray-", ignore_cleanup_errors=True)
            ray.init(
                address="local",
                num_cpus=processes,
                num_gpus=len(visible_gpus(os.environ, cuda_devices)),
                include_dashboard=False,
                _temp_dir=own.name,
                **told,
            )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(
            "The Ray cluster does not answer.",
            where=address or "a cluster of its own",
            expected="host:port of a head node",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
        ) from error
    try:
        yield
    finally:
        ray.shutdown()
        if own is not None:
            own.cleanup()


def _environment() -> Iterator[tuple[str, str]]:
    """Variables of a job's process: one thread, and where this project's code and folders are."""
    for name in THREADS:
        yield name, os.environ.get(name, "1")
    for name, value in os.environ.items():
        if name.startswith("AQA_BENCH_") or name == "PYTHONPATH":
            yield name, value


def _ray() -> Any:
    # Nothing is sent home, and no cluster is joined because a variable names it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's workers give way to every other process by default.
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        import ray
        import ray.exceptions
    except ModuleNotFoundError as error:
        raise UsageError(
            "This needs the extra 'ray'.",
            expected="the package ray",
            found="no such package",
            remedy='pip install "aqa-bench[ray]"',
        ) from error
    return ray
