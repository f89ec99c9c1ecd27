"""Workers in a sandbox of Landlock: what they may read; they write to their cache alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from aqa_bench.core.paths import data_home
from aqa_bench.protocol.worker.confinement import LISTED, NULLS, READ
from aqa_bench.protocol.worker.processes import Worker, fork
from aqa_bench.protocol.worker.reach import SYSTEM, devices, environment_of, hidden, readable
from aqa_bench.protocol.worker.session import Job

__all__ = ["launch_landlock"]


def launch_landlock(job: Job) -> Worker:
    """A worker that is forked off a process with the heavy imports made, and shuts itself in.

    Of files it reads what a worker in bubblewrap sees, and it writes to its cache alone.
    """
    temporary = job.cache / ".tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    worker = fork(job.plugin)
    # Without shared semaphores joblib warns, and works in one process.
    own = {"TMPDIR": str(temporary), "JOBLIB_MULTIPROCESSING": "0"}
    worker.environment = {**environment_of(job), **own}
    away = [*hidden(), data_home()]
    places = [place for place in (*map(Path, SYSTEM), *readable(job)) if place not in job.shared]
    rules = [*_without(places, away), *((folder, READ) for folder in job.shared)]
    worker.confinement = {
        "rules": [[str(place), access] for place, access in rules],
        "own": str(job.cache),
        "devices": [*map(str, devices()), *NULLS],
    }
    return worker


def _without(places: Iterable[Path], away: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """Places to be read, with those beneath them that are not to be: rules only ever add."""
    gone = {path.resolve() for path in away}
    for place in dict.fromkeys(path.resolve() for path in places):
        if place in gone:
            continue
        if not any(path.is_relative_to(place) for path in gone):
            yield place, READ
            continue
        yield place, LISTED
        with suppress(OSError):
            # Links lead elsewhere: what they lead to has to be allowed for itself.
            yield from _without([entry for entry in place.iterdir() if not entry.is_symlink()], gone)
