"""Suites: a TOML file that names datasets x methods x recipes x seeds, run as a list of jobs."""

from __future__ import annotations

import fnmatch
import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.registry import dataset_cards, find_dataset, find_method, find_scheme
from aqa_bench.run.plan import Request, resolve
from aqa_bench.run.runner import run

__all__ = ["JobResult", "Suite", "plan_jobs", "read_suite", "run_jobs"]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Block(BaseModel):
    """A product of datasets, methods, recipes, schemes and seeds.

    Attributes:
        datasets: Dataset ids or patterns such as ``pose-trainer/*``.
        methods: Method ids.
        recipes: Names of recipes; empty means each method's default.
        schemes: Split schemes; empty means the recipe's or the dataset's default.
        tasks: Task ids; empty means all that a method can do.
        seeds: Seeds; a deterministic method is run once.
        set: ``key=value`` overrides of the recipe.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    datasets: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] = Field(min_length=1)
    recipes: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    set: tuple[str, ...] = ()


class Suite(BaseModel):
    """A named list of blocks.

    Attributes:
        about: What the suite is for.
        block: The blocks, ``[[block]]`` in the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = ""
    block: tuple[Block, ...] = Field(min_length=1)


@dataclass(frozen=True)
class JobResult:
    """How one job ended.

    Attributes:
        request: The job.
        path: The run's folder, or None where it failed.
        cached: Whether it was on disk already.
        error: Why it failed, or None.
        seconds: Seconds the run took, 0 where it was on disk.
    """

    request: Request
    path: Path | None
    cached: bool
    error: str | None
    seconds: float = 0.0


def read_suite(file: Path) -> Suite:
    """Read a suite's file.

    Raises:
        UsageError: It is missing, no TOML, or does not follow the schema.
    """
    try:
        return Suite.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(
            "There is no such suite.", where=file, expected="a TOML file", found=error.strerror
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            "The suite cannot be read.", where=file, expected="TOML", found=str(error)
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            "The suite does not follow its schema.",
            where=f"{file}: {place}",
            expected=first["msg"],
            found=str(first["input"]),
        ) from error


def plan_jobs(suite: Suite) -> list[Request]:
    """Every job of a suite once, in the order of the file.

    Raises:
        UsageError: A dataset, method or scheme does not exist, or a pattern matches nothing.
    """
    return list(dict.fromkeys(job for block in suite.block for job in _expand(block)))


def run_jobs(
    jobs: Sequence[Request],
    out: Path,
    *,
    workers: int = 1,
    device: str = "auto",
    force: bool = False,
    progress: Progress | None = None,
) -> Iterator[JobResult]:
    """Run jobs, one thread a process; a job that fails never stops the others.

    Args:
        jobs: The jobs.
        out: Folder of runs; what is there already is not run again.
        workers: Number of processes; 1 runs in this one.
        device: As for a single run.
        force: Whether to run again what is on disk.
        progress: Where to report.

    Yields:
        Results in the order in which jobs end.
    """
    progress = NullProgress() if progress is None else progress
    progress.start("suite", len(jobs))
    try:
        if workers <= 1:
            for job in jobs:
                yield _counted(_run_job(job, out, device, force), progress)
            return
        for result in _in_processes(jobs, workers, partial(_run_job, out=out, device=device, force=force)):
            yield _counted(result, progress)
    finally:
        progress.close()


def _run_job(job: Request, out: Path, device: str, force: bool) -> JobResult:
    try:
        outcome = run(resolve(job), out, device=device, force=force)
    except AqaBenchError as error:
        return JobResult(job, None, False, str(error))
    except Exception as error:
        # A plug-in may raise anything; the suite reports it and goes on.
        return JobResult(job, None, False, f"{type(error).__name__}: {error}")
    seconds = 0.0 if outcome.cached else outcome.record.timings["total"]
    return JobResult(job, outcome.path, outcome.cached, None, seconds)


def _counted(result: JobResult, progress: Progress) -> JobResult:
    progress.advance()
    return result


def _in_processes(
    jobs: Sequence[Request], workers: int, work: Callable[[Request], JobResult]
) -> Iterator[JobResult]:
    """Do the work in processes of one thread each; a process that dies takes its own job along, no other."""
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    idle: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()
    for _ in range(workers):
        idle.put(_process())

    def result_of(job: Request) -> JobResult:
        process = idle.get()
        try:
            return process.submit(work, job).result()
        except Exception as error:
            process.shutdown(wait=False)
            process = _process()
            return JobResult(job, None, False, f"its process ended: {type(error).__name__}: {error}")
        finally:
            idle.put(process)

    threads = ThreadPoolExecutor(workers)
    try:
        for future in as_completed([threads.submit(result_of, job) for job in jobs]):
            yield future.result()
    finally:
        threads.shutdown(cancel_futures=True)
        for _ in range(workers):
            idle.get().shutdown()


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _expand(block: Block) -> Iterator[Request]:
    for dataset in _datasets(block.datasets):
        for method in block.methods:
            plugin = find_method(method)
            for recipe in block.recipes or (None,):
                for scheme in block.schemes or (None,):
                    if scheme is not None:
                        find_scheme(find_dataset(dataset), scheme)
                    for seed in block.seeds if plugin.card.stochastic else (0,):
                        yield Request(dataset, method, recipe, seed, scheme, block.tasks, block.set)


def _datasets(patterns: Sequence[str]) -> Iterator[str]:
    for pattern in patterns:
        matches = fnmatch.filter(dataset_cards(), pattern)
        if not matches:
            find_dataset(pattern)
        yield from matches
