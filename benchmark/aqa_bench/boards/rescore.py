"""Recomputing a submitted run's record from its predictions."""

from __future__ import annotations

from collections.abc import Iterator

from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE, RunRecord
from aqa_bench.core.registry import find_scheme, find_task
from aqa_bench.stats.agreement import differences
from aqa_bench.stats.run_scores import Scored, score_predictions

__all__ = ["check_metrics", "record_differences"]


def check_metrics(dataset: Dataset, run: SubmittedRun) -> Iterator[Problem]:
    """Compare every number of a record with what its predictions say.

    Values must agree to 1e-9: enough for other processors' rounding, and for nothing else.

    Args:
        dataset: The dataset on the data the run was made on.
        run: The run.
    """
    record = run.record
    try:
        scheme = find_scheme(dataset.card, record.scheme)
        tasks = [find_task(dataset.card, name) for name in record.tasks]
        splits = {task.id: dataset.splits(task.id, scheme.id) for task in tasks}
        predictions = read_predictions(run.folder / PREDICTIONS_FILE)
        scored = score_predictions(dataset, tasks, scheme, splits, predictions, record.decision, run.path)
    except AqaBenchError as error:
        yield Problem(
            path=run.path,
            rule="the run can be scored",
            expected="predictions of the splits",
            found=str(error),
        )
        return
    yield from record_differences(run.path, record, scored)


def record_differences(path: str, record: RunRecord, scored: Scored) -> Iterator[Problem]:
    """Every number of a record that is not what was scored, to 1e-9.

    Args:
        path: The run's path, for the problems.
        record: Its record.
        scored: What its predictions say.
    """
    for place, expected, found in differences(record, scored):
        yield Problem(
            path=f"{path}/run.json: {place}",
            rule="the record follows from the predictions",
            expected=str(expected),
            found=str(found),
        )
