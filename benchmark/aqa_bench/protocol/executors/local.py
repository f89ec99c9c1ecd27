"""The executor of one machine: processes that take jobs in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aqa_bench.core.progress import Progress
from aqa_bench.protocol.executors.agenda import Agenda
from aqa_bench.protocol.executors.job_file import PlannedJob
from aqa_bench.protocol.executors.work import JobResult, Workshop, died, given_up
from aqa_bench.protocol.suite_workers import NO_GPU, taking_turns

__all__ = ["in_turn"]


def in_turn(
    jobs: Sequence[PlannedJob],
    gpus: Sequence[str | None],
    shop: Workshop,
    progress: Progress | None = None,
) -> Iterator[JobResult]:
    """Do jobs in processes: one for each GPU, the others beside them at what is for CPUs.

    Args:
        jobs: The jobs, each after those that it waits for.
        gpus: What each process sees as ``CUDA_VISIBLE_DEVICES``; its length is their number.
        shop: Does a job.
        progress: Where to say how many pre-trainings and parts are done, which are no results.

    Yields:
        Results of runs as they end. A run whose pre-training or part failed is not tried.
    """
    agenda = Agenda(jobs)
    ahead, made = sum(not job.is_run for job in jobs), 0
    has_others = NO_GPU in gpus

    def take(gpu: str | None) -> PlannedJob | None:
        # A GPU waits for no job of a CPU, unless there is no process beside it.
        return agenda.take(gpu=gpu != NO_GPU, cpu=not (gpu and has_others))

    for job, result in taking_turns(take, gpus, shop.do, died):
        lost = agenda.ended(job, well=result.error is None)
        if job.is_run:
            yield result
        else:
            made += 1
            if progress is not None:
                progress.advance(0, prepared=f"{made}/{ahead}")
        yield from (given_up(gone, job, result) for gone in lost if gone.is_run)
