"""What runs are expected to take: from a table of times, from runs that are finished, or from probes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.toml_file import read_toml_as
from aqa_bench.protocol.executors.planning import Cost
from aqa_bench.protocol.plan import Request

__all__ = ["MethodTimes", "Times", "known_costs", "probed_costs", "read_times"]

Seconds = Annotated[float, Field(ge=0)]
# Interpreter, PyTorch and the memory that frames may take on the CPU's side.
_BASE_GB, _FRAMES_GB = 4.0, 2.0


class MethodTimes(BaseModel):
    """Seconds of one method's runs.

    Attributes:
        run: Of a run, without its pre-training.
        pretraining: Of a pre-training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Seconds
    pretraining: Seconds = 0.0


class Times(BaseModel):
    """A table of measured or assumed times, ``[method.ID]`` or ``[method."ID:RECIPE"]`` in a TOML file.

    Attributes:
        about: Where they come from.
        method: Times by method, or by method and recipe, which then goes first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    method: Mapping[str, MethodTimes]

    def costs(self, requests: Iterable[Request]) -> dict[Request, Cost]:
        """What is known of requests by it."""
        found: dict[Request, Cost] = {}
        for request in requests:
            names = (f"{request.method}:{request.recipe}", request.method)
            times = next((self.method[name] for name in names if name in self.method), None)
            if times is not None:
                total = times.run + times.pretraining
                found[request] = Cost(total, times.pretraining, estimate="given")
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
        found[job.request] = Cost(seconds["total"], shared, round(_BASE_GB + frames, 1))
    return found
