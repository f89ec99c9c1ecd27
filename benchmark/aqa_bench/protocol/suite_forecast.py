"""What the jobs of a suite will take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.record import RECORD_FILE
from aqa_bench.protocol.forecast import RunForecast, forecast
from aqa_bench.protocol.plan import Request, resolve

__all__ = ["JobForecast", "forecast_jobs"]


@dataclass(frozen=True, slots=True)
class JobForecast:
    """What a job will take.

    Attributes:
        request: The job.
        forecast: What it will take; None where it cannot be started.
        error: Why it cannot be started, or None.
        seconds: Seconds that are left of it; None where they are not known.
    """

    request: Request
    forecast: RunForecast | None
    error: str | None
    seconds: float | None


def forecast_jobs(jobs: Sequence[Request], out: Path, *, device: str = "auto") -> Iterator[JobForecast]:
    """Forecast every job; those that differ in the seed alone share a probe.

    Args:
        jobs: The jobs.
        out: Folder of runs.
        device: As for a single run.

    Yields:
        A forecast of each, in their order. A seed whose pre-training another one makes is counted in full.
    """
    known: dict[Request, RunForecast] = {}
    for job in jobs:
        alike = replace(job, seed=0)
        try:
            if alike in known:
                resolved = resolve(job)
                found = replace(
                    known[alike],
                    run_id=resolved.run_id,
                    folder=resolved.folder,
                    seed=resolved.seed,
                    on_disk=(out / resolved.folder / RECORD_FILE).is_file(),
                )
            else:
                found = known[alike] = forecast(resolve(job), out, device=device)
        except Exception as error:
            # A plug-in may raise anything; the other jobs are told all the same.
            told = str(error) if isinstance(error, AqaBenchError) else f"{type(error).__name__}: {error}"
            yield JobForecast(job, None, told, None)
            continue
        total = None if found.seconds is None else found.seconds["total"]
        yield JobForecast(job, found, None, 0.0 if found.on_disk else total)
