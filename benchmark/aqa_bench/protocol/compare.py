"""Paired comparison of two runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aqa_bench.core.errors import UsageError
from aqa_bench.core.record import read_record
from aqa_bench.core.seeds import data_seed
from aqa_bench.protocol.finished import trusted_run
from aqa_bench.stats.paired import Difference, paired_difference
from aqa_bench.stats.run_scores import primary_metric, task_scores
from aqa_bench.stats.scoring import N_RESAMPLES

__all__ = ["compare"]


def compare(
    first: Path, second: Path, *, n_resamples: int = N_RESAMPLES
) -> dict[str, tuple[str, Difference]]:
    """The difference first minus second of the primary metric, on the samples that both scored.

    Args:
        first: Folder of a run.
        second: Folder of another run of the same dataset and scheme.
        n_resamples: Bootstrap resamples over groups.

    Returns:
        Metric id and difference a task that both runs have.

    Raises:
        Damaged: A run's files do not agree with each other.
        DataError: The data available are not those that a run was made on.
        UsageError: The runs are not of the same dataset, data and scheme, or share no task or sample.
    """
    records = [read_record(folder) for folder in (first, second)]
    for field in ("dataset", "dataset_fingerprint", "scheme"):
        values = [getattr(record, field) for record in records]
        if values[0] != values[1]:
            raise UsageError(
                f"The runs differ in {field.replace('_', ' ')}.",
                where=second,
                expected=str(values[0]),
                found=str(values[1]),
                remedy="Compare runs of the same dataset and scheme.",
            )
    tasks = [name for name in records[0].tasks if name in records[1].tasks]
    if not tasks:
        raise UsageError(
            "The runs have no tasks in common.", expected=str(records[0].tasks), found=str(records[1].tasks)
        )
    run = trusted_run(first)
    dataset = run.dataset
    runs = run, trusted_run(second, dataset)
    scheme = dataset.card.scheme(records[0].scheme)
    differences: dict[str, tuple[str, Difference]] = {}
    for name in tasks:
        task = dataset.card.task(name)
        a, b = (
            task_scores(dataset, task, scheme, run.predictions, run.record.decision, str(folder))
            for run, folder in zip(runs, (first, second), strict=True)
        )
        shared = sorted(set(a.ids) & set(b.ids))
        if not shared:
            raise UsageError(f"The runs scored no common samples of {name}.", where=second)
        rows_a, rows_b = ([s.ids.index(i) for i in shared] for s in (a, b))
        metric = primary_metric(task, scheme)
        targets = dataset.targets(name)
        train = [targets[i] for i in dataset.splits(name, scheme.id)[0].train]
        difference = paired_difference(
            metric,
            a.targets[rows_a],
            a.values(metric)[rows_a],
            b.values(metric)[rows_b],
            groups=a.groups[rows_a],
            column_seeds_a=np.zeros(a.scores.shape[1], dtype=np.int64),
            column_seeds_b=np.zeros(b.scores.shape[1], dtype=np.int64),
            n_resamples=n_resamples,
            rng_seed=data_seed(records[0].dataset, "bootstrap"),
            train_range=(min(train), max(train)),
        )
        differences[name] = metric, difference
    return differences
