"""The executor of SLURM clusters: arrays of tasks through submitit, heads after their pre-trainings."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from aqa_bench.core.errors import UsageError
from aqa_bench.core.files import sha256_file
from aqa_bench.protocol.executors.job_file import PlannedJob, write_job_file
from aqa_bench.protocol.executors.packing import Array, Pack, arrays_of
from aqa_bench.protocol.executors.slurm_options import SlurmOptions
from aqa_bench.protocol.executors.slurm_queue import SlurmQueue, largest_array
from aqa_bench.protocol.executors.slurm_task import SlurmTask
from aqa_bench.protocol.executors.work import Workshop
from aqa_bench.protocol.suite_log import SuiteLog
from aqa_bench.protocol.suite_workers import THREADS

__all__ = ["Submission", "submit"]

_SHORTEST_MIN: Final = 10
_SLACK: Final = 2.0
# An estimate leaves out starting, decoding beside others and slower nodes.


@dataclass(frozen=True, slots=True)
class Submission:
    """What was handed to SLURM.

    Attributes:
        tasks: SLURM's id by job id.
        arrays: Number of arrays.
        packs: Number of tasks.
        there: Jobs that were in the queue already.
    """

    tasks: Mapping[str, str]
    arrays: int
    packs: int
    there: int


def submit(
    jobs: Sequence[PlannedJob],
    suite: str,
    shop: Workshop,
    *,
    options: SlurmOptions,
    pack_s: float = 0.0,
) -> Submission:
    """Hand jobs to SLURM; what is in its queue already is not handed over twice.

    Args:
        jobs: The jobs to be done, each after those that it waits for.
        suite: Name of the suite.
        shop: Does a job; its folders have to be on a disk that all nodes share.
        options: What the cluster wants to be told.
        pack_s: Seconds that jobs are packed up to.

    Raises:
        UsageError: submitit is not installed, or there is no SLURM here.
        AqaBenchError: SLURM refuses. What it has taken is noted, and not handed over again.
    """
    # Tasks begin in a folder of SLURM's choice.
    log = SuiteLog(shop.out.absolute(), suite)
    shop = replace(shop, out=shop.out.absolute(), claims=log.claims)
    queue = SlurmQueue(log.folder)
    executor = _executor(queue.logs, options)
    there = queue.queued()
    new = [job for job in jobs if job.id not in there]
    # A plan of its own name, so that no later one changes under tasks that wait.
    plan = _kept_plan(log.folder, suite, jobs)
    arrays = arrays_of(new, pack_s=pack_s, most=largest_array())
    tasks: dict[str, str] = {}
    for array in arrays:
        known = {job: queued.task for job, queued in there.items()} | tasks
        executor.update_parameters(**_parameters(array, options, known))
        submitted = executor.submit_array([_task(plan, pack, shop, options) for pack in array.packs])
        found = [str(job.job_id) for job in submitted]
        given = {job.id: name for pack, name in zip(array.packs, found, strict=True) for job in pack.jobs}
        queue.add(given)
        tasks |= given
    return Submission(tasks, len(arrays), sum(len(array.packs) for array in arrays), len(jobs) - len(new))


def _executor(folder: Path, options: SlurmOptions) -> Any:
    try:
        from submitit import SlurmExecutor
    except ModuleNotFoundError as error:
        raise UsageError(
            "This needs the extra 'slurm'.",
            expected="the package submitit",
            found="no such package",
            remedy='pip install "aqa-bench[slurm]"',
        ) from error
    try:
        return SlurmExecutor(folder, max_num_timeout=options.requeues)
    except RuntimeError as error:
        raise UsageError(
            "There is no SLURM here.",
            expected="srun and sbatch",
            found=str(error),
            remedy="Run it on a node from which jobs are submitted.",
        ) from error


def _task(plan: Path, pack: Pack, shop: Workshop, options: SlurmOptions) -> SlurmTask:
    # Sent along: a cluster may be set up to give jobs an environment of its own.
    ours = tuple((name, value) for name, value in sorted(os.environ.items()) if name.startswith("AQA_BENCH_"))
    return SlurmTask(plan, tuple(job.id for job in pack.jobs), shop, ours, options.scratch)


def _parameters(array: Array, options: SlurmOptions, tasks: Mapping[str, str]) -> dict[str, Any]:
    """What submitit is told of an array."""
    on_gpu = array.gpu and options.gpus
    known = [pack.memory_gb for pack in array.packs if pack.memory_gb is not None]
    more: dict[str, Any] = {"requeue": True}
    if array.after:
        # Parts that were packed share a task.
        more["dependency"] = "afterok:" + ":".join(dict.fromkeys(tasks[name] for name in array.after))
        more["kill-on-invalid-dep"] = "yes"
    if on_gpu:
        more["gres"] = f"gpu:{options.gpu_type}:1" if options.gpu_type else "gpu:1"
    partition = options.gpu_partition if on_gpu and options.gpu_partition else options.partition
    path = os.environ.get("PYTHONPATH", "")
    return {
        "job_name": "aqa-bench",
        "partition": partition,
        "account": options.account,
        "qos": options.qos,
        "constraint": options.constraint,
        "time": max(_minutes(pack, options) for pack in array.packs),
        "cpus_per_task": options.cpus_per_gpu_job if on_gpu else 1,
        "mem": f"{math.ceil(max(known, default=options.memory_gb) * 1024)}MB",
        "array_parallelism": options.parallel,
        "signal_delay_s": options.warning_s,
        "setup": [
            *(f"export {name}=${{{name}:-1}}" for name in THREADS),
            *([f"export PYTHONPATH={shlex.quote(path)}"] if path else []),
            *options.setup,
        ],
        "additional_parameters": more,
    }


def _minutes(pack: Pack, options: SlurmOptions) -> int:
    if pack.seconds is None:
        return options.minutes
    return min(options.minutes, max(_SHORTEST_MIN, math.ceil(_SLACK * pack.seconds / 60)))


def _kept_plan(folder: Path, suite: str, jobs: Sequence[PlannedJob]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    written = write_job_file(folder / "plan.json", suite, jobs)
    return written.rename(folder / f"plan-{sha256_file(written)[:12]}.json")
