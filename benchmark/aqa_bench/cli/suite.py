"""``aqa-bench suite``: many runs from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from aqa_bench.cli.forecast import duration, in_words
from aqa_bench.cli.options import Force, Json, Out, as_device
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress
from aqa_bench.cli.suite_plan import plan

if TYPE_CHECKING:
    from aqa_bench.protocol.plan import Request
    from aqa_bench.protocol.suite_jobs import JobResult

__all__ = ["app"]

_EXAMPLES = (
    "Examples:  aqa-bench suite smoke  |  aqa-bench suite my.toml --jobs 2 --out submissions  |  "
    "aqa-bench suite study --shard 1/4  |  aqa-bench suite my.toml --dry-run --cost  |  "
    "aqa-bench suite status study  |  "
    "as a Slurm array:  sbatch --array=1-16 --wrap 'aqa-bench suite study --shard $SLURM_ARRAY_TASK_ID/16'"
)


class _RunByDefault(TyperGroup):
    """``suite FILE`` is ``suite run FILE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        parsed: list[str] = super().parse_args(ctx, args if named else ["run", *args])
        return parsed


app = typer.Typer(
    cls=_RunByDefault,
    help="Run datasets x methods x recipes x seeds from a file: aqa-bench suite FILE.",
    epilog=_EXAMPLES,
    no_args_is_help=True,
)

app.command("plan", epilog="Example:  aqa-bench suite plan study --out jobs.json --cost")(plan)

File = Annotated[str, typer.Argument(help="A TOML file, or the name of a shipped suite.", metavar="FILE")]


@app.command("run", epilog=_EXAMPLES)
def run_suite(
    file: File,
    jobs: Annotated[int, typer.Option(min=1, help="Processes: one thread each, one GPU each.")] = 1,
    shard: Annotated[str, typer.Option(help="I/N: run part I of N; merge by copying folders.")] = "1/1",
    device: Annotated[str, typer.Option(callback=as_device, help="auto, cpu, cuda or cuda:N.")] = "auto",
    out: Out = Path("runs"),
    force: Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the jobs and run nothing.")] = False,
    cost: Annotated[
        bool, typer.Option("--cost", help="With --dry-run: say what each job will take, from probes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a suite (the default: suite FILE); what is on disk is skipped, a failure stops nothing."""
    from aqa_bench.protocol.executors.sources import asked_for
    from aqa_bench.protocol.suite_jobs import run_jobs
    from aqa_bench.protocol.suite_log import SuiteLog

    asked = asked_for(file)
    chosen = _part(asked.requests, shard)
    if cost and not dry_run:
        raise typer.BadParameter("goes with --dry-run", param_hint="--cost")
    if dry_run:
        return _show_costs(chosen, out, device, as_json) if cost else _show_plan(chosen, as_json)
    log = SuiteLog(out, asked.suite)
    log.plan(asked.requests)
    progress = TerminalProgress(quiet=as_json)
    results = list(
        run_jobs(
            chosen,
            out,
            workers=jobs,
            device=device,
            force=force,
            log=log,
            progress=progress,
            planned=asked.planned,
        )
    )
    _show_results(results, out, log.folder, as_json)
    if any(result.error for result in results):
        raise typer.Exit(1)
    return None


@app.command("status", epilog="Example:  aqa-bench suite status study --out runs --jobs 2")
def status(
    file: File,
    out: Out = Path("runs"),
    jobs: Annotated[int, typer.Option(min=1, help="Processes that the estimate assumes.")] = 1,
    shard: Annotated[str, typer.Option(help="I/N: look at part I of N.")] = "1/1",
    as_json: Json = False,
) -> None:
    """Say what is done, failed and left, and how long the rest will take."""
    from aqa_bench.protocol.executors.sources import asked_for
    from aqa_bench.protocol.suite_log import SuiteLog
    from aqa_bench.protocol.suite_status import suite_status

    asked = asked_for(file)
    found = suite_status(_part(asked.requests, shard), out, SuiteLog(out, asked.suite), jobs)
    if as_json:
        return emit(
            {
                "jobs": found.jobs,
                "done": found.done,
                "failed": [{**asdict(job), "error": error} for job, error in found.failed.items()],
                "left": [asdict(job) for job in found.left],
                "again": [{**asdict(job), "why": why} for job, why in found.again.items()],
                "stuck": dict(found.stuck),
                "eta_seconds": None if found.eta_seconds is None else round(found.eta_seconds, 1),
            }
        )
    say(f"{found.jobs} jobs: {found.done} done, {len(found.failed)} failed, {len(found.left)} left")
    for job, error in found.failed.items():
        say(f"failed: {_name(job)}: {error.splitlines()[0]}")
    for job, why in found.again.items():
        say(f"on disk, but runs again: {_name(job)}: {why}")
    for reason, count in found.stuck.items():
        say(f"cannot start here: {count} jobs: {reason}")
    if found.jobs > found.done:
        say(f"the rest takes about {_duration(found.eta_seconds)} with {jobs} processes")
    return None


def _part(planned: Sequence[Request], shard: str) -> list[Request]:
    from aqa_bench.protocol.suite_log import Shard

    index, slash, count = shard.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise typer.BadParameter("expected I/N with 1 <= I <= N, e.g. 1/4", param_hint="--shard")
    return Shard(int(index), int(count)).of(planned) if int(count) > 1 else list(planned)


def _show_plan(planned: Sequence[Request], as_json: bool) -> None:
    if as_json:
        return emit([asdict(job) for job in planned])
    for job in planned:
        say(_name(job))
    return None


def _show_costs(planned: Sequence[Request], out: Path, device: str, as_json: bool) -> None:
    from aqa_bench.protocol.suite_forecast import forecast_jobs

    documents, known, seconds = [], 0, 0.0
    for found in forecast_jobs(planned, out, device=device):
        told = {"error": found.error} if found.forecast is None else found.forecast.document()
        documents.append({**asdict(found.request), "cost": told})
        if not as_json:
            words = found.error if found.forecast is None else in_words(found.forecast)
            say(f"{_name(found.request)}: {str(words).splitlines()[0]}")
        if found.seconds is not None:
            known, seconds = known + 1, seconds + found.seconds
    if as_json:
        return emit(documents)
    say(f"{known} of {len(planned)} jobs have an estimate: {duration(seconds)}, one after the other")
    return None


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
        typer.echo(f"failed: {_name(result.request)}\n{result.error}", err=True)
    say(f"{len(done)} of {len(results)} runs in {out} ({cached} were there already), {len(failed)} failed")
    if failed:
        typer.echo(f"why: {log / 'failed'}; the same command tries them again", err=True)
    return None


def _name(job: Request) -> str:
    parts = [job.dataset, job.method, job.recipe or "default", job.scheme or "default", f"seed {job.seed}"]
    parts += [f"pre-trained on {job.pretrain_on}"] if job.pretrain_on else []
    parts += ["shuffled labels"] if job.shuffle_labels else []
    return "  ".join([*parts, *job.overrides])


def _duration(seconds: float | None) -> str:
    return "an unknown time (nothing is done yet)" if seconds is None else duration(seconds)
