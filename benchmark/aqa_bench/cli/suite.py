"""``aqa-bench suite``: many runs from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Force, Json, Out, as_device
from aqa_bench.cli.output import TerminalProgress, emit, say

__all__ = ["EXAMPLES", "run_suite"]

EXAMPLES = "Example:  aqa-bench suite suites/pose-trainer.toml --jobs 2 --out submissions"


def run_suite(
    file: Annotated[Path, typer.Argument(help="The suite, a TOML file.")],
    jobs: Annotated[int, typer.Option(min=1, help="Processes, one thread each.")] = 1,
    device: Annotated[str, typer.Option(callback=as_device, help="auto, cpu, cuda or cuda:N.")] = "auto",
    out: Out = Path("runs"),
    force: Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the jobs and run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Run datasets x methods x recipes x seeds; what is on disk is skipped, a failure stops nothing."""
    from aqa_bench.run.suite import plan_jobs, read_suite, run_jobs

    planned = plan_jobs(read_suite(file))
    if dry_run:
        for job in planned if not as_json else ():
            recipe, scheme = job.recipe or "default", job.scheme or "default"
            say(f"{job.dataset}  {job.method}  {recipe}  {scheme}  seed {job.seed}")
        if as_json:
            emit([{name: getattr(job, name) for name in job.__slots__} for job in planned])
        return
    progress = TerminalProgress(quiet=as_json)
    results = list(run_jobs(planned, out, workers=jobs, device=device, force=force, progress=progress))
    failed = [result for result in results if result.error]
    done = [result for result in results if not result.error]
    if as_json:
        emit(
            {
                "jobs": len(results),
                "cached": sum(result.cached for result in done),
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
    else:
        for result in failed:
            request = result.request
            typer.echo(
                f"failed: {request.method} on {request.dataset}, seed {request.seed}\n{result.error}",
                err=True,
            )
        cached = sum(result.cached for result in done)
        say(
            f"{len(done)} of {len(results)} runs in {out} ({cached} were there already), {len(failed)} failed"
        )
    if failed:
        raise typer.Exit(1)
