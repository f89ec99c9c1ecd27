"""``aqa-bench suite status`` and ``cancel``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.forecast import duration
from aqa_bench.cli.options import Json, Out
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.suite_executors import File, name_of, part_of

if TYPE_CHECKING:
    from aqa_bench.protocol.plan import Request
    from aqa_bench.protocol.suite_status import SuiteStatus

__all__ = ["cancel", "status"]


def status(
    file: File,
    out: Out = Path("runs"),
    jobs: Annotated[int, typer.Option(min=1, help="Number of processes for the estimate.")] = 1,
    shard: Annotated[str, typer.Option(help="I/N: look at part I of N.")] = "1/1",
    check: Annotated[
        bool, typer.Option("--check", help="Compute metrics of finished runs again; by default, digests.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is done, running (and where), queued, failed and left, and how long the rest will take."""
    from aqa_bench.protocol.executors.sources import asked_for
    from aqa_bench.protocol.suite_log import SuiteLog
    from aqa_bench.protocol.suite_status import suite_status

    asked = asked_for(file)
    log = SuiteLog(out, asked.suite)
    found = suite_status(part_of(asked.requests, shard), out, log, jobs, check=check)
    if as_json:
        return emit(_document(found))
    moving = f" ({len(found.running)} running, {len(found.queued)} queued)"
    say(
        f"{found.jobs} jobs: {found.done} done, {len(found.failed)} failed, {len(found.left)} left"
        + (moving if found.running or found.queued else "")
    )
    for job, place in found.running.items():
        for name, at in found.parts.get(job, {"": place}).items():
            say(f"running: {name_of(job)}{name and f', part {name}'}: {at}")
    for name, place in found.pretrainings.items():
        say(f"running: pre-training {name}: {place}")
    for job, entry in found.queued.items():
        say(f"queued: {name_of(job)}: slurm {entry.task}, {entry.state.lower()} ({entry.where})")
    for job, error in found.failed.items():
        say(f"failed: {name_of(job)}: {_in_a_line(error)}")
        if (place_of_log := _log_of(log.folder, job)) is not None:
            say(f"        log: {place_of_log}")
    for job, why in found.again.items():
        say(f"on disk, but to be repeated: {name_of(job)}: {why}")
    for reason, count in found.stuck.items():
        say(f"cannot start here: {count} jobs: {reason}")
    if found.jobs > found.done:
        processes = max(jobs, len(found.running))
        eta = found.eta_seconds
        told = "an unknown time (nothing is done yet)" if eta is None else duration(eta)
        say(f"the rest takes about {told} with {processes} processes")
    return None


def cancel(file: File, out: Out = Path("runs"), as_json: Json = False) -> None:
    """Take a suite's jobs out of SLURM's queue, and stop the process that runs it here."""
    from aqa_bench.protocol.executors.driver import stop_drivers
    from aqa_bench.protocol.executors.slurm_queue import SlurmQueue, cancel_tasks
    from aqa_bench.protocol.executors.sources import asked_for
    from aqa_bench.protocol.suite_log import SuiteLog

    log = SuiteLog(out, asked_for(file).suite)
    queued = SlurmQueue(log.folder).queued()
    cancel_tasks({entry.task for entry in queued.values()})
    stopped = stop_drivers(log.folder)
    if as_json:
        return emit({"cancelled": len(queued), "stopped": stopped})
    say(f"{len(queued)} jobs taken out of SLURM's queue, {stopped} processes told to stop")
    return None


def _document(found: SuiteStatus) -> dict[str, Any]:
    return {
        "jobs": found.jobs,
        "done": found.done,
        "failed": [{**asdict(job), "error": error} for job, error in found.failed.items()],
        "left": [asdict(job) for job in found.left],
        "again": [{**asdict(job), "why": why} for job, why in found.again.items()],
        "stuck": dict(found.stuck),
        "eta_seconds": None if found.eta_seconds is None else round(found.eta_seconds, 1),
        "running": _places(found.running),
        "queued": _places(found.queued),
        "pretrainings": [{"id": name, **asdict(place)} for name, place in found.pretrainings.items()],
        "parts": [
            {"id": name, **asdict(place)} for parts in found.parts.values() for name, place in parts.items()
        ],
    }


def _places(jobs: Mapping[Request, Any]) -> list[dict[str, Any]]:
    return [{**asdict(job), "at": asdict(place)} for job, place in jobs.items()]


def _in_a_line(error: str) -> str:
    """First and last line of an error: what it is, and what is nearest to its cause."""
    lines = [line.strip() for line in error.splitlines() if line.strip()] or ["no reason was given"]
    return lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1]}"


def _log_of(folder: Path, job: Request) -> Path | None:
    from aqa_bench.protocol.executors.slurm_queue import SlurmQueue
    from aqa_bench.protocol.suite_log import job_id

    return SlurmQueue(folder).log_of(job_id(job))
