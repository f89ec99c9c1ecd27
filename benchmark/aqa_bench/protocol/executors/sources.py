"""Where jobs come from: a suite's file, or a job file that was planned from one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.record import RunRecord
from aqa_bench.protocol.executors.costs import known_costs, probed_costs, read_times
from aqa_bench.protocol.executors.job_file import PlannedJob, read_job_file
from aqa_bench.protocol.executors.parts import fits_of
from aqa_bench.protocol.executors.planning import plan_of
from aqa_bench.protocol.finished import FinishedRuns
from aqa_bench.protocol.plan import Request, RunFolders
from aqa_bench.protocol.suite import find_suite, plan_jobs, read_suite

__all__ = ["Asked", "asked_for", "asked_together", "plan_suite"]


@dataclass(frozen=True)
class Asked:
    """The jobs that a name stands for.

    Attributes:
        suite: Name of the suite; its log lies under it.
        requests: The runs.
        planned: All jobs as they were planned; None of a suite's file.
    """

    suite: str
    requests: Sequence[Request]
    planned: Sequence[PlannedJob] | None = None


def asked_for(name: str) -> Asked:
    """The jobs of a job file (``*.json``), of a suite's file, or of a shipped suite.

    Raises:
        UsageError: There is no such file.
        DataError: A job file does not follow its schema.
    """
    if name.endswith(".json"):
        found = read_job_file(Path(name))
        return Asked(found.suite, found.requests, found.jobs)
    path = find_suite(name)
    return Asked(path.stem, plan_jobs(read_suite(path)))


def asked_together(names: Sequence[str]) -> Asked:
    """The jobs of several suites, each once.

    Raises:
        UsageError: There is no such file, or one of several is a job file.
    """
    found = [asked_for(name) for name in names]
    if len(found) == 1:
        return found[0]
    if any(asked.planned is not None for asked in found):
        raise UsageError(
            "Job files are planned already.", expected="files or names of suites", found=", ".join(names)
        )
    requests = dict.fromkeys(request for asked in found for request in asked.requests)
    return Asked("_".join(dict.fromkeys(asked.suite for asked in found))[:100], [*requests])


def plan_suite(
    requests: Sequence[Request],
    runs: Path,
    *,
    probe: bool = False,
    times: Path | None = None,
    device: str = "auto",
    split_s: float = 0.0,
) -> list[PlannedJob]:
    """Plan requests with all that is known of them.

    Args:
        requests: What is to be run.
        runs: Folder of runs: what stands there is done, and tells what its like takes.
        probe: Whether methods that pre-train are probed; a probe tells more than earlier runs.
        times: A table of times, which goes before everything else.
        device: As for a single run.
        split_s: Seconds from which on a run's fits are divided into parts.

    Raises:
        UsageError: The table of times cannot be read.
    """
    folders = RunFolders()
    found = _on_disk(requests, FinishedRuns(runs, folders))
    costs = known_costs(requests, {job: record.timings.get("total", 0.0) for job, record in found.items()})
    if probe:
        costs |= probed_costs([job for job in requests if job not in found], runs, device)
    if times is not None:
        costs |= read_times(times).costs(requests, lambda request: _count(request, folders))
    return plan_of(requests, folders, done=found.__contains__, costs=costs, split_s=split_s)


def _count(request: Request, folders: RunFolders) -> int:
    try:
        return len(fits_of(request, folders))
    except AqaBenchError:
        # Where it is run, it says why it cannot be.
        return 1


def _on_disk(requests: Sequence[Request], finished: FinishedRuns) -> dict[Request, RunRecord]:
    found: dict[Request, RunRecord] = {}
    for job in requests:
        try:
            record, _ = finished.look(job)
        except Exception:
            # A plug-in may raise anything; where its jobs run, they say so.
            continue
        if record is not None:
            found[job] = record
    return found
