"""Recomputing a finished run's numbers from its predictions."""

from __future__ import annotations

from pathlib import Path

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE, RunRecord, read_record
from aqa_bench.core.registry import find_scheme, find_task, open_dataset
from aqa_bench.stats.run_scores import Scored, score_predictions

__all__ = ["open_scored", "rescore"]


def open_scored(record: RunRecord, folder: Path) -> Dataset:
    """Open the dataset that a run was made on.

    Raises:
        DataError: It is not available, or the data available are not those of the run.
        UsageError: It, a task or the scheme of the run does not exist (any more).
    """
    dataset = open_dataset(record.dataset)
    fingerprint = dataset.fingerprint()
    if fingerprint != record.dataset_fingerprint:
        raise DataError(
            "The run used different data from those available here.",
            where=folder,
            expected=f"fingerprint {record.dataset_fingerprint[:16]}",
            found=fingerprint[:16],
            remedy="Prepare the release that the run used, or run the method again.",
        )
    find_scheme(dataset.card, record.scheme)
    for name in record.tasks:
        find_task(dataset.card, name)
    return dataset


def rescore(folder: Path) -> tuple[RunRecord, Scored]:
    """Recompute a finished run's numbers from its ``predictions.csv``.

    Raises:
        DataError: The run is damaged, or the data available are not those it was made on.
    """
    record = read_record(folder)
    dataset = open_scored(record, folder)
    scheme = dataset.card.scheme(record.scheme)
    tasks = [dataset.card.task(name) for name in record.tasks]
    splits = {task.id: dataset.splits(task.id, scheme.id) for task in tasks}
    predictions = read_predictions(folder / PREDICTIONS_FILE)
    return record, score_predictions(
        dataset, tasks, scheme, splits, predictions, record.decision, str(folder / PREDICTIONS_FILE)
    )
