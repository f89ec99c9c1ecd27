"""``aqa-bench suite``: many runs from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from aqa_bench.cli.forecast import duration, in_words
from aqa_bench.cli.options import Device, Force, Json, Out
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.suite_executors import (
    Address,
    Executor,
    File,
    How,
    Jobs,
    On,
    Options,
    Pack,
    name_of,
    part_of,
    run_on,
    seconds_of,
)
from aqa_bench.cli.suite_plan import plan
from aqa_bench.cli.suite_status import cancel, status

if TYPE_CHECKING:
    from aqa_bench.protocol.plan import Request

__all__ = ["app"]

_EXAMPLES = (
    "Examples:  aqa-bench suite smoke  |  aqa-bench suite my.toml --jobs 2 --out submissions  |  "
    "aqa-bench suite study --shard 1/4  |  aqa-bench suite my.toml --dry-run --cost  |  "
    "aqa-bench suite status study  |  "
    "aqa-bench suite run jobs.json --executor slurm --pack 20m --options cluster.toml"
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


app.command("plan", epilog="Example:  aqa-bench suite plan study --out jobs.json --cost --split 1h")(plan)
app.command("status", epilog="Example:  aqa-bench suite status study --out runs --jobs 2")(status)
app.command("cancel", epilog="Example:  aqa-bench suite cancel study --out runs")(cancel)


@app.command("run", epilog=_EXAMPLES)
def run_suite(
    file: File,
    jobs: Jobs = 1,
    shard: Annotated[str, typer.Option(help="I/N: run part I of N; merge by copying folders.")] = "1/1",
    device: Device = "auto",
    out: Out = Path("runs"),
    force: Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the jobs and run nothing.")] = False,
    cost: Annotated[
        bool, typer.Option("--cost", help="With --dry-run: estimate the cost of each job from probes.")
    ] = False,
    executor: On = Executor.LOCAL,
    pack: Pack = "0m",
    options: Options = None,
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Run a suite (same as suite FILE). Runs on disk are skipped, and a failure does not stop the others."""
    from aqa_bench.protocol.executors.sources import asked_for

    asked = asked_for(file)
    chosen = part_of(asked.requests, shard)
    if cost and not dry_run:
        raise typer.BadParameter("goes with --dry-run", param_hint="--cost")
    if dry_run:
        return _show_costs(chosen, out, device, as_json) if cost else _show_plan(chosen, as_json)
    how = How(executor, jobs, device, force, seconds_of(pack), options, address)
    return run_on(asked, chosen, out, how, as_json)


@app.command("retry", epilog="Example:  aqa-bench suite retry study --failed --out runs")
def retry(
    file: File,
    failed: Annotated[bool, typer.Option("--failed", help="Run only what failed.")] = False,
    jobs: Jobs = 1,
    device: Device = "auto",
    out: Out = Path("runs"),
    executor: On = Executor.LOCAL,
    pack: Pack = "0m",
    options: Options = None,
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Retry failed jobs; without --failed, also those that never ran or were interrupted."""
    from aqa_bench.protocol.executors.sources import asked_for
    from aqa_bench.protocol.suite_log import SuiteLog, job_id

    asked = asked_for(file)
    errors = SuiteLog(out, asked.suite).failures()
    chosen = [job for job in asked.requests if not failed or job_id(job) in errors]
    how = How(executor, jobs, device, False, seconds_of(pack), options, address)
    return run_on(asked, chosen, out, how, as_json)


def _show_plan(planned: Sequence[Request], as_json: bool) -> None:
    if as_json:
        return emit([asdict(job) for job in planned])
    for job in planned:
        say(name_of(job))
    return None


def _show_costs(planned: Sequence[Request], out: Path, device: str, as_json: bool) -> None:
    from aqa_bench.protocol.suite_forecast import forecast_jobs

    documents, known, seconds = [], 0, 0.0
    for found in forecast_jobs(planned, out, device=device):
        told = {"error": found.error} if found.forecast is None else found.forecast.document()
        documents.append({**asdict(found.request), "cost": told})
        if not as_json:
            words = found.error if found.forecast is None else in_words(found.forecast)
            say(f"{name_of(found.request)}: {str(words).splitlines()[0]}")
        if found.seconds is not None:
            known, seconds = known + 1, seconds + found.seconds
    if as_json:
        return emit(documents)
    say(f"{known} of {len(planned)} jobs have an estimate: {duration(seconds)}, one after the other")
    return None
