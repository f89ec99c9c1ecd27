"""What runs are expected to take: from a table of times, from runs that are finished, or from probes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.toml_file import read_toml_as
from aqa_bench.protocol.executors.planning import Cost
from aqa_bench.protocol.plan import Request

__all__ = ["JobTimes", "Times", "known_costs", "probed_costs", "read_times"]

Seconds = Annotated[float, Field(ge=0)]
# Interpreter, PyTorch and the memory that frames may take on the CPU's side.
_BASE_GB, _FRAMES_GB = 4.0, 2.0


class JobTimes(BaseModel):
    """Seconds of the runs that it fits; what is None fits all.

    Attributes:
        method: Method id.
        recipe: Name of a recipe, as the request has it.
        dataset: Dataset id.
        scheme: Split scheme, as the request has it.
        task: A task that the request names.
        fit: Of the fit of one task and split.
        again: Of what a run pays once beside its fits, and each part of it once more.
        pretraining: Of a pre-training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    recipe: str | None = None
    dataset: str | None = None
    scheme: str | None = None
    task: str | None = None
    fit: Seconds
    again: Seconds = 0.0
    pretraining: Seconds = 0.0

    def is_of(self, request: Request) -> bool:
        """Whether it fits a request."""
        asked = request.method, request.recipe, request.dataset, request.scheme
        told = self.method, self.recipe, self.dataset, self.scheme
        named = self.task is None or self.task in request.tasks
        return named and all(want is None or want == has for want, has in zip(told, asked, strict=True))


class Times(BaseModel):
    """A table of measured or assumed times: ``[[job]]`` in a TOML file.

    Attributes:
        about: Where they come from.
        job: The times; of those that fit a run the first holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    job: tuple[JobTimes, ...]

    def costs(
        self, requests: Iterable[Request], fits: Callable[[Request], int] = lambda _: 1
    ) -> dict[Request, Cost]:
        """What is known of requests by it.

        Args:
            requests: The requests.
            fits: How many tasks and splits one has.

        Raises:
            AqaBenchError: As ``fits``.
        """
        of_method: dict[str, list[JobTimes]] = {}
        for entry in self.job:
            of_method.setdefault(entry.method, []).append(entry)
        found: dict[Request, Cost] = {}
        for request in requests:
            times = next((t for t in of_method.get(request.method, ()) if t.is_of(request)), None)
            if times is not None:
                total = times.pretraining + times.again + fits(request) * times.fit
                found[request] = Cost(total, times.pretraining, estimate="given", again=times.again)
        return found


def read_times(file: Path) -> Times:
    """Read a table of times.

    Raises:
        UsageError: It is missing or does not follow the schema.
    """
    return read_toml_as(Times, file, "table of times")


def known_costs(requests: Sequence[Request], seconds: Mapping[Request, float]) -> dict[Request, Cost]:
    """Of requests whose like has been run: the mean of the runs that are most like each.

    Args:
        requests: What is to be run.
        seconds: What finished runs have taken.
    """
    from aqa_bench.protocol.suite_status import Durations

    durations = Durations(seconds.items())
    found = ((request, durations.like(request, anything=False)) for request in requests)
    return {request: Cost(value, estimate="runs") for request, value in found if value is not None}


def probed_costs(requests: Sequence[Request], out: Path, device: str) -> dict[Request, Cost]:
    """Of requests that a probe can tell about: those that pre-train on frames, and whose data are here.

    Args:
        requests: What is to be run.
        out: Folder of runs.
        device: As for a single run.
    """
    from aqa_bench.protocol.suite_forecast import forecast_jobs

    found: dict[Request, Cost] = {}
    for job in forecast_jobs(requests, out, device=device):
        if job.forecast is None or job.forecast.seconds is None:
            continue
        seconds, pool = job.forecast.seconds, job.forecast.pool
        shared = seconds["decoding"] + seconds["pretraining"]
        frames = 0.0 if pool is None else min(pool["decoded_bytes"] / 1e9, _FRAMES_GB)
        memory = round(_BASE_GB + frames, 1)
        # Features are computed once for all tasks, unless parts do it at the same time.
        found[job.request] = Cost(seconds["total"], shared, memory, again=seconds["features"])
    return found
