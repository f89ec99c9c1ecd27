"""Worker processes of a suite: one thread each on CPUs, one GPU each where there are several."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TypeVar

from aqa_bench.core.lifeline import end_with_parent

__all__ = ["in_processes", "visible_gpus", "worker_gpus"]

J = TypeVar("J")
R = TypeVar("R")

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def in_processes(
    jobs: Iterable[J],
    gpus: Sequence[str | None],
    work: Callable[[J], R],
    died: Callable[[J, Exception], R],
) -> Iterator[R]:
    """Do the work in processes of one thread each; a process that dies takes its own job along, no other.

    Processes end with the one that started them, however that ends, and at once where the caller is
    interrupted or asks for no further result.

    Args:
        jobs: What to do.
        gpus: What each process sees as ``CUDA_VISIBLE_DEVICES``, None where it keeps this process's; its
            length is the number of processes.
        work: A function that can be pickled.
        died: Makes the result of a job whose process ended.

    Yields:
        Results in the order in which jobs end.
    """
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    line, held = get_context("spawn").Pipe(duplex=False)
    idle: SimpleQueue[tuple[ProcessPoolExecutor, str | None]] = SimpleQueue()
    for gpu in gpus:
        idle.put((_process(gpu, line), gpu))

    def result_of(job: J) -> R:
        process, gpu = idle.get()
        try:
            return process.submit(work, job).result()
        except Exception as error:
            process.shutdown(wait=False)
            process = _process(gpu, line)
            return died(job, error)
        finally:
            idle.put((process, gpu))

    threads = ThreadPoolExecutor(len(gpus))
    try:
        for future in as_completed([threads.submit(result_of, job) for job in jobs]):
            yield future.result()
    except BaseException:
        # Interrupted: nobody waits for what the processes are at, which may take hours.
        held.close()
        raise
    finally:
        threads.shutdown(cancel_futures=True)
        for _ in gpus:
            idle.get()[0].shutdown()
        held.close()
        line.close()


def worker_gpus(workers: int, device: str, gpus: Sequence[str]) -> tuple[str | None, ...]:
    """Share GPUs out over processes, in turn.

    Args:
        workers: Number of processes.
        device: The device asked for; only ``auto`` and ``cuda`` leave a choice.
        gpus: The GPUs, as ``CUDA_VISIBLE_DEVICES`` names them.

    Returns:
        What each process shall see; None where there is nothing to choose.

    >>> worker_gpus(3, "auto", ("0", "1"))
    ('0', '1', '0')
    >>> worker_gpus(2, "cpu", ("0", "1"))
    (None, None)
    """
    if device not in ("auto", "cuda") or len(gpus) < 2:
        return (None,) * workers
    return tuple(gpus[i % len(gpus)] for i in range(workers))


def visible_gpus(environment: Mapping[str, str], count: Callable[[], int]) -> tuple[str, ...]:
    """The GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them.

    Args:
        environment: The process's environment.
        count: Counts the machine's GPUs where the environment does not name any.
    """
    if _VISIBLE not in environment:
        return tuple(map(str, range(count())))
    names = [name.strip() for name in environment[_VISIBLE].split(",")]
    # CUDA sees those before the first name that is not valid.
    valid = [name.isdecimal() or name.startswith(("GPU-", "MIG-")) for name in names]
    return tuple(names[: [*valid, False].index(False)])


def _process(gpu: str | None, line: Connection) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), _enter, (gpu, line))


def _enter(gpu: str | None, line: Connection) -> None:
    if gpu is not None:
        os.environ[_VISIBLE] = gpu
    end_with_parent(line)
