"""Doing one job: every executor calls this, on whichever machine."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.progress import NullProgress, Part, Progress
from aqa_bench.core.registry import find_method
from aqa_bench.core.split import Split
from aqa_bench.core.task import Task
from aqa_bench.protocol.executors.job_file import JobKind, Place, PlannedJob
from aqa_bench.protocol.executors.planning import device_of
from aqa_bench.protocol.executors.running import at_work
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve

__all__ = ["JobResult", "Workshop", "died", "failure", "given_up"]


@dataclass(frozen=True)
class JobResult:
    """How one job ended.

    Attributes:
        request: The job.
        path: The run's folder, or None where it failed, was a pre-training or a part.
        cached: Whether it was on disk already.
        error: Why it failed, or None.
        seconds: Seconds the run took, 0 where it was on disk.
        details: Traceback of what a plug-in raised, or empty.
    """

    request: Request
    path: Path | None
    cached: bool
    error: str | None
    seconds: float = 0.0
    details: str = ""


@dataclass(frozen=True)
class Workshop:
    """Where and how jobs are done; it can be sent to another process.

    Attributes:
        out: Folder of runs.
        device: As for a single run.
        force: Whether to run again what is on disk.
        claims: Folder where it is noted who is at which job; None notes nothing.
    """

    out: Path
    device: str = "auto"
    force: bool = False
    claims: Path | None = None

    def do(self, job: PlannedJob, progress: Progress | None = None, engine: str = "") -> JobResult:
        """Do a job; whatever goes wrong is part of the result.

        Args:
            job: The job.
            progress: Where to report.
            engine: The engine's name for it.
        """
        request = job.request
        try:
            with nullcontext() if self.claims is None else at_work(self.claims, job.id, engine):
                device = device_of(find_method(request.method).card, self.device)
                if job.kind is JobKind.PRETRAINING:
                    return _pretrained(request, job.pool, device, progress)
                if job.kind is JobKind.PART:
                    return _fitted(request, job.fits, self.out, device, progress)
                from aqa_bench.protocol.runner import run

                outcome = run(resolve(request), self.out, device=device, force=self.force, progress=progress)
        except Exception as error:
            return failure(request, error)
        seconds = 0.0 if outcome.cached else outcome.record.timings["total"]
        return JobResult(request, outcome.path, outcome.cached, None, seconds)


def _pretrained(request: Request, pool: Place | None, device: str, progress: Progress | None) -> JobResult:
    """Pre-train on one of a request's pools, or find that it has been done."""
    from aqa_bench.protocol.custody import Custodian
    from aqa_bench.protocol.fitting import materialise, prepare_fit
    from aqa_bench.protocol.worker.hand import Hand

    resolved, progress = resolve(request), progress or NullProgress()
    task, split = _places(resolved, pool)[0]
    materialise(resolved, progress)
    part = Part(progress, resolved.plugin.card.id)
    hand = Hand(resolved.plugin, resolved.told, progress=part, exact=resolved.dataset.card.exact)
    given = prepare_fit(resolved, task, split, Custodian(resolved.dataset, task.id), device)
    hand.prepared(given, ())
    return JobResult(request, None, False, None)


def _fitted(
    request: Request, fits: Sequence[Place], out: Path, device: str, progress: Progress | None
) -> JobResult:
    """Make some of a run's fits, and leave them where the run looks for those that are finished."""
    from aqa_bench.protocol.finished import stands
    from aqa_bench.protocol.fitting import materialise
    from aqa_bench.protocol.partials import Partials
    from aqa_bench.protocol.run_code import code_of
    from aqa_bench.protocol.run_splits import SplitFits

    resolved, progress = resolve(request), progress or NullProgress()
    code = code_of(resolved)
    if not stands(out / resolved.folder, resolved.dataset, code):
        places = [place for fit in fits for place in _places(resolved, fit)]
        materialise(resolved, progress)
        SplitFits(resolved, code, Partials(out, resolved.run_id, code), device, progress).fit(places)
    return JobResult(request, None, False, None)


def _places(resolved: ResolvedRun, wanted: Place | None) -> list[tuple[Task, Split]]:
    found = [
        (task, split)
        for task in resolved.tasks
        for split in resolved.splits[task.id]
        if wanted is None or (task.id == wanted.task and wanted.split in (None, split.id))
    ]
    if found:
        return found
    raise DataError(
        "The data have other splits than they had when the jobs were planned.",
        where=resolved.dataset.card.id,
        expected=f"{wanted.task}, {wanted.split or 'a split'}" if wanted else "a split",
        found=", ".join(task.id for task in resolved.tasks),
        remedy="Plan again: aqa-bench suite plan NAME --out FILE.",
    )


def failure(request: Request, error: Exception) -> JobResult:
    """The result of a job that raised."""
    # A plug-in may raise anything; the suite reports it and goes on.
    told = str(error) if isinstance(error, AqaBenchError) else f"{type(error).__name__}: {error}"
    foreign = error if not isinstance(error, AqaBenchError) else error.__cause__
    # What a method raised in its worker comes as a note.
    notes = "\n".join(getattr(error, "__notes__", ()))
    details = notes if foreign is None else "".join(traceback.format_exception(foreign))
    return JobResult(request, None, False, told, details=details)


def died(job: PlannedJob, error: Exception) -> JobResult:
    """The result of a job whose process ended."""
    return JobResult(job.request, None, False, f"its process ended: {type(error).__name__}: {error}")


def given_up(job: PlannedJob, cause: PlannedJob, result: JobResult) -> JobResult:
    """The result of a job that waited for another, which failed.

    Args:
        job: The job.
        cause: What it waited for.
        result: How that one ended.
    """
    what = "a part of it" if cause.kind is JobKind.PART else "its pre-training"
    return JobResult(job.request, None, False, f"{what} failed: {result.error}", details=result.details)
