"""Where a job stands, in a sentence and a bar."""

from __future__ import annotations

from dataclasses import dataclass

from aqa_bench.coach.web.jobs import Job, State

__all__ = ["Status", "status_of"]


@dataclass(frozen=True, slots=True)
class Status:
    """What a waiting page shows.

    Attributes:
        state: The job's state.
        title: In a few words.
        text: What is going on.
        share: How much of the step is done, 0 to 1; None where that is unknown.
    """

    state: str
    title: str
    text: str
    share: float | None


def status_of(job: Job, ahead: int) -> Status:
    """The status of a job.

    Args:
        job: The job.
        ahead: How many are done before it.
    """
    if job.state is State.QUEUED:
        clips = "1 clip is" if ahead == 1 else f"{ahead} clips are"
        text = f"{clips} judged before yours." if ahead else "Yours is next."
        return Status(job.state, "In the queue", text, None)
    if job.state is State.RUNNING:
        share = min(1.0, job.steps_done / job.steps) if job.steps else None
        step = job.step[:1].upper() + job.step[1:] if job.step else "Opening the clip"
        count = f": {job.steps_done} of {job.steps}" if job.steps else ""
        return Status(job.state, "Being judged", step + count, share)
    return Status(job.state, "Done" if job.state is State.DONE else "No result", "", None)
