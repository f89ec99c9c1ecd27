"""Where suites run: on this machine, on SLURM or on Ray."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.protocol.executors.sources import Asked
    from aqa_bench.protocol.plan import Request
    from aqa_bench.protocol.suite_jobs import JobResult
    from aqa_bench.protocol.suite_log import SuiteLog

__all__ = [
    "Address",
    "Executor",
    "File",
    "How",
    "Jobs",
    "On",
    "Options",
    "Pack",
    "name_of",
    "part_of",
    "run_on",
    "seconds_of",
]

_UNITS = {"s": 1, "m": 60, "h": 3600}


class Executor(StrEnum):
    """What schedules the jobs of a suite."""

    LOCAL = "local"
    SLURM = "slurm"
    RAY = "ray"


File = Annotated[
    str, typer.Argument(help="A TOML file, the name of a shipped suite, or a job file.", metavar="FILE")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Processes of one thread each; one per GPU.")]
On = Annotated[Executor, typer.Option("--executor", help="Where jobs run.")]
Pack = Annotated[
    str,
    typer.Option("--pack", help="SLURM: pack short jobs together up to this time, e.g. 20m.", metavar="TIME"),
]
Options = Annotated[
    Path | None, typer.Option("--options", help="SLURM: TOML file with partition, account and so on.")
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="Ray: address of an existing cluster. Default: a new local one."),
]


@dataclass(frozen=True, slots=True)
class How:
    """How jobs are to be run.

    Attributes:
        executor: What schedules them.
        jobs: Processes of this machine.
        device: As for a single run.
        force: Whether to run again what is on disk.
        pack_s: Seconds that jobs are packed up to on SLURM.
        options: File of SLURM's options.
        address: Of a Ray cluster.
    """

    executor: Executor
    jobs: int
    device: str
    force: bool
    pack_s: float
    options: Path | None
    address: str | None


def run_on(asked: Asked, chosen: Sequence[Request], out: Path, how: How, as_json: bool) -> None:
    """Run jobs, or hand them to SLURM, and say how that went."""
    from aqa_bench.protocol.suite_log import SuiteLog

    log = SuiteLog(out, asked.suite)
    log.plan(asked.requests)
    if how.executor is Executor.SLURM:
        return _hand_over(asked, chosen, log, out, how, as_json)
    from functools import partial

    from aqa_bench.protocol.executors.driver import driving
    from aqa_bench.protocol.suite_jobs import run_jobs

    schedule = None
    if how.executor is Executor.RAY:
        from aqa_bench.protocol.executors.ray_cluster import on_ray

        schedule = partial(on_ray, address=how.address, processes=how.jobs)
    progress = TerminalProgress(quiet=as_json)
    with driving(log.folder):
        results = list(
            run_jobs(
                chosen,
                out,
                workers=how.jobs,
                device=how.device,
                force=how.force,
                log=log,
                progress=progress,
                planned=asked.planned,
                schedule=schedule,
            )
        )
    _show_results(results, out, log.folder, as_json)
    if any(result.error for result in results):
        raise typer.Exit(1)
    return None


def _hand_over(
    asked: Asked, chosen: Sequence[Request], log: SuiteLog, out: Path, how: How, as_json: bool
) -> None:
    from aqa_bench.protocol.executors.slurm import submit
    from aqa_bench.protocol.executors.slurm_options import read_slurm_options
    from aqa_bench.protocol.executors.staging import check_staged
    from aqa_bench.protocol.executors.work import Workshop
    from aqa_bench.protocol.suite_jobs import remaining

    options = read_slurm_options(how.options)
    shop = Workshop(out, how.device, how.force)
    known, left = remaining(chosen, shop, asked.planned)
    for result in known:
        if result.error:
            log.failed(result.request, result.error, result.details)
    check_staged([job.request for job in left])
    found = submit(left, asked.suite, shop, options=options, pack_s=how.pack_s)
    failed = sum(result.error is not None for result in known)
    if as_json:
        emit(
            {
                "jobs": len(chosen),
                "cached": len(known) - failed,
                "failed": failed,
                "submitted": dict(found.tasks),
                "arrays": found.arrays,
                "tasks": found.packs,
                "queued_before": found.there,
            }
        )
    else:
        say(
            f"{len(found.tasks)} jobs handed to SLURM as {found.packs} tasks in {found.arrays} arrays; "
            f"{found.there} were in its queue, {len(known) - failed} are on disk, {failed} cannot be started"
        )
    if failed:
        raise typer.Exit(1)


def seconds_of(text: str, option: str = "--pack") -> float:
    """Seconds of a time such as ``20m``, ``90s`` or ``1.5h``.

    Raises:
        typer.BadParameter: It is none; the option is named.

    >>> seconds_of("20m")
    1200.0
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise typer.BadParameter("expected a time such as 20m, 90s or 1.5h", param_hint=option)
    return float(match[1]) * _UNITS[match[2]]


def part_of(planned: Sequence[Request], shard: str) -> list[Request]:
    """Part I of N of jobs."""
    from aqa_bench.protocol.suite_log import Shard

    index, slash, count = shard.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise typer.BadParameter("expected I/N with 1 <= I <= N, e.g. 1/4", param_hint="--shard")
    return Shard(int(index), int(count)).of(planned) if int(count) > 1 else list(planned)


def _show_results(results: Sequence[JobResult], out: Path, log: Path, as_json: bool) -> None:
    failed = [result for result in results if result.error]
    done = [result for result in results if not result.error]
    cached = sum(result.cached for result in done)
    if as_json:
        return emit(
            {
                "jobs": len(results),
                "cached": cached,
                "failed": [
                    {
                        "dataset": r.request.dataset,
                        "method": r.request.method,
                        "seed": r.request.seed,
                        "error": r.error,
                    }
                    for r in failed
                ],
                "paths": sorted(str(result.path) for result in done),
            }
        )
    for result in failed:
        typer.echo(f"failed: {name_of(result.request)}\n{result.error}", err=True)
    say(f"{len(done)} of {len(results)} runs in {out} ({cached} were there already), {len(failed)} failed")
    if failed:
        typer.echo(f"why: {log / 'failed'}; the same command tries them again", err=True)
    return None


def name_of(job: Request) -> str:
    """A job in words."""
    parts = [job.dataset, job.method, job.recipe or "default", job.scheme or "default", f"seed {job.seed}"]
    parts += [f"pre-trained on {job.pretrain_on}"] if job.pretrain_on else []
    parts += ["shuffled labels"] if job.shuffle_labels else []
    return "  ".join([*parts, *job.overrides])
