"""Who is at a job: a claim that ends with its holder, and a note of where that is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.lock import attempt, exclusive

__all__ = ["Running", "at_work", "running_jobs"]


@dataclass(frozen=True, slots=True)
class Running:
    """Where a job is being done.

    Attributes:
        host: Name of the machine.
        process: Process id there.
        since: When it began, ISO 8601.
        engine: The engine's name for it, e.g. ``slurm 17_3``; empty without an engine.
    """

    host: str
    process: int
    since: str
    engine: str = ""

    def __str__(self) -> str:
        where = f"{self.host}, process {self.process}, since {self.since}"
        return f"{self.engine} on {where}" if self.engine else where


@contextmanager
def at_work(folder: Path, job: str, engine: str = "") -> Iterator[None]:
    """Hold a job's claim, waiting for whoever holds it: then what that one made is found on disk.

    Args:
        folder: The suite's folder of claims.
        job: The job's id.
        engine: The engine's name for it, where its variables do not tell.
    """
    note = folder / f"{job}.json"
    with exclusive(folder / f"{job}.lock"):
        since = datetime.now(UTC).replace(microsecond=0).isoformat()
        document = {"host": socket.gethostname(), "process": os.getpid(), "since": since}
        write_atomic(note, pretty_json(document | {"engine": engine or _engine()}))
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


def running_jobs(folder: Path) -> dict[str, Running]:
    """Who is at which job; what a killed process has left is cleared."""
    found = {}
    for note in sorted(folder.glob("*.json")):
        with attempt(note.with_suffix(".lock")) as is_dead:
            if is_dead:
                note.unlink(missing_ok=True)
                continue
        try:
            told = parse_json(read_bounded(note))
            found[note.stem] = Running(
                str(told["host"]), int(told["process"]), str(told["since"]), str(told["engine"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            # Its holder has ended meanwhile.
            continue
    return found


def _engine() -> str:
    """What SLURM calls the task that this process is part of, and its node; empty elsewhere."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return ""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    name = job if array is None or task is None else f"{array}_{task}"
    return f"slurm {name}, node {os.environ.get('SLURMD_NODENAME', '?')},"
