"""Worker processes of a suite: one thread each, and one for each GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

from aqa_bench.core.lifeline import end_with_parent

__all__ = [
    "NO_GPU",
    "THREADS",
    "VISIBLE",
    "cuda_devices",
    "in_processes",
    "taking_turns",
    "visible_gpus",
    "worker_gpus",
]

J = TypeVar("J")
R = TypeVar("R")

NO_GPU = ""
"""What a process sees that is to see no GPU."""
VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Variable that names the GPUs that a process sees."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Variables that say how many threads a process computes with."""


def in_processes(
    jobs: Iterable[J],
    gpus: Sequence[str | None],
    work: Callable[[J], R],
    died: Callable[[J, Exception], R],
) -> Iterator[R]:
    """Do the work in processes of one thread each, in the order of the jobs.

    Args:
        jobs: What to do.
        gpus: What each process sees, as for :func:`taking_turns`.
        work: A function that can be pickled.
        died: Makes the result of a job whose process ended.

    Yields:
        Results in the order in which jobs end.
    """
    waiting = iter(jobs)
    for _, result in taking_turns(lambda _: next(waiting, None), gpus, work, died):
        yield result


def taking_turns(
    take: Callable[[str | None], J | None],
    gpus: Sequence[str | None],
    work: Callable[[J], R],
    died: Callable[[J, Exception], R],
) -> Iterator[tuple[J, R]]:
    """Do the work in processes of one thread each; a process that dies takes its own job along, no other.

    Processes end with the one that started them, however that ends, and at once where the caller is
    interrupted or asks for no further result.

    Args:
        take: The next job for a process that sees this GPU; None where there is none for it now. It is asked
            again whenever a result has been looked at.
        gpus: What each process sees as ``CUDA_VISIBLE_DEVICES``, None where it keeps this process's; its
            length is the number of processes.
        work: A function that can be pickled.
        died: Makes the result of a job whose process ended.

    Yields:
        Jobs with their results, in the order in which they end.
    """
    for name in THREADS:
        os.environ.setdefault(name, "1")
    line, held = get_context("spawn").Pipe(duplex=False)
    processes = [_process(gpu, line) for gpu in gpus]
    at_work: dict[Future[R], tuple[J, int]] = {}
    try:
        while True:
            busy = {number for _, number in at_work.values()}
            for number, gpu in enumerate(gpus):
                if number not in busy and (job := take(gpu)) is not None:
                    at_work[processes[number].submit(work, job)] = job, number
            if not at_work:
                break
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                job, number = at_work.pop(future)
                try:
                    result = future.result()
                except Exception as error:
                    processes[number].shutdown(wait=False)
                    processes[number] = _process(gpus[number], line)
                    result = died(job, error)
                yield job, result
    except BaseException:
        # Interrupted: nobody waits for what the processes are at, which may take hours.
        held.close()
        raise
    finally:
        for process in processes:
            process.shutdown()
        held.close()
        line.close()


def worker_gpus(workers: int, device: str, gpus: Sequence[str]) -> tuple[str | None, ...]:
    """Give each GPU one process; those that are left over see none, and do what is for CPUs.

    Args:
        workers: Number of processes.
        device: The device asked for; only ``auto`` and ``cuda`` leave a choice.
        gpus: The GPUs, as ``CUDA_VISIBLE_DEVICES`` names them.

    Returns:
        What each process shall see; None where it keeps what this one sees.

    >>> worker_gpus(3, "auto", ("0", "1"))
    ('0', '1', '')
    >>> worker_gpus(2, "cpu", ("0", "1"))
    (None, None)
    """
    if device not in ("auto", "cuda") or not gpus:
        return (None,) * workers
    # With --device cuda all is for GPUs.
    others = (NO_GPU,) * (workers - len(gpus)) if device == "auto" else ()
    return (*gpus[:workers], *others)


def visible_gpus(environment: Mapping[str, str], count: Callable[[], int]) -> tuple[str, ...]:
    """The GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them.

    Args:
        environment: The process's environment.
        count: Counts the machine's GPUs where the environment does not name any.
    """
    if VISIBLE not in environment:
        return tuple(map(str, range(count())))
    names = [name.strip() for name in environment[VISIBLE].split(",")]
    # CUDA sees those before the first name that is not valid.
    valid = [name.isdecimal() or name.startswith(("GPU-", "MIG-")) for name in names]
    return tuple(names[: [*valid, False].index(False)])


def cuda_devices() -> int:
    """Number of GPUs of this machine; none without PyTorch, since nothing runs on them then."""
    try:
        from torch.cuda import device_count
    except ModuleNotFoundError:
        return 0
    return device_count()


def _process(gpu: str | None, line: Connection) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), _enter, (gpu, line))


def _enter(gpu: str | None, line: Connection) -> None:
    if gpu is not None:
        os.environ[VISIBLE] = gpu
    end_with_parent(line)
