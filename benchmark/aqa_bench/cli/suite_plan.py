"""``aqa-bench suite plan``: a suite's jobs as a file, and what they would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqa_bench.cli.forecast import duration
from aqa_bench.cli.options import Json, as_device
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.suite_executors import seconds_of

if TYPE_CHECKING:
    from aqa_bench.protocol.executors.job_file import PlannedJob

__all__ = ["plan"]


def plan(
    suites: Annotated[
        list[str], typer.Argument(help="TOML files, shipped suites, or a job file.", metavar="FILE...")
    ],
    out: Annotated[Path | None, typer.Option(help="The job file to write.")] = None,
    runs: Annotated[Path, typer.Option(help="Folder of runs that are already done.")] = Path("runs"),
    cost: Annotated[bool, typer.Option("--cost", help="Estimate times by probes (minutes).")] = False,
    times: Annotated[Path | None, typer.Option(help="Table of times, a TOML file.")] = None,
    split: Annotated[
        str,
        typer.Option(
            help="Divide runs that take longer, e.g. 5m: tasks and splits are jobs.", metavar="TIME"
        ),
    ] = "0m",
    device: Annotated[str, typer.Option(callback=as_device, help="Where probes run.")] = "auto",
    simulate: Annotated[bool, typer.Option("--simulate", help="Estimate the total time on --gpus.")] = False,
    gpus: Annotated[int, typer.Option(min=0, help="With --simulate: GPUs, one job each.")] = 1,
    cpus: Annotated[int, typer.Option(min=0, help="With --simulate: CPU processes next to them.")] = 1,
    as_json: Json = False,
) -> None:
    """Write the jobs of a suite to one file: what each needs, waits for and costs, and what is on disk."""
    from aqa_bench.protocol.executors.agenda import wanted_for
    from aqa_bench.protocol.executors.job_file import write_job_file
    from aqa_bench.protocol.executors.simulate import simulate as play
    from aqa_bench.protocol.executors.sources import asked_together, plan_suite

    asked = asked_together(suites)
    split_s = seconds_of(split, "--split")
    jobs = asked.planned or plan_suite(
        asked.requests, runs, probe=cost, times=times, device=device, split_s=split_s
    )
    if out is not None:
        write_job_file(out, asked.suite, jobs)
    left = wanted_for(jobs, [job.request for job in jobs if job.is_run and not job.done])
    played = play(left, gpus, cpus) if simulate else None
    if as_json:
        said = {**_counted(jobs), "path": None if out is None else str(out)}
        return emit(said if played is None else said | {"simulation": asdict(played)})
    count = _counted(jobs)
    parts = f", then {count['parts']} parts of long runs" if count["parts"] else ""
    say(
        f"{count['runs']} runs, {count['done']} of them on disk; {count['pretrainings']} pre-trainings to be "
        f"made first{parts}; {count['gpu']} jobs are for a GPU; {count['estimated']} of {len(jobs)} have an "
        "estimate"
    )
    if out is not None:
        say(f"written to {out}")
    if played is not None:
        say(
            f"{played.gpus} GPUs and {played.cpus} other processes: about {duration(played.seconds)}, "
            f"{played.gpu_seconds / 3600:.1f} GPU hours, GPUs idle {100 * played.idle:.1f}% of the time; "
            f"never less than {duration(played.longest)}, the longest chain"
        )
    return None


def _counted(jobs: Sequence[PlannedJob]) -> dict[str, int]:
    from aqa_bench.protocol.executors.job_file import JobKind

    runs = [job for job in jobs if job.is_run]
    return {
        "runs": len(runs),
        "done": sum(job.done for job in runs),
        "pretrainings": sum(job.kind is JobKind.PRETRAINING for job in jobs),
        "parts": sum(job.kind is JobKind.PART for job in jobs),
        "gpu": sum(job.gpu for job in jobs if not job.done),
        "estimated": sum(job.seconds is not None for job in jobs),
    }
