"""Is a run what the dataset says? With the data available everything, otherwise what earlier runs tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from aqa_bench.boards.rescore import check_metrics
from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.split import Split, splits_fingerprint

__all__ = ["DataDesk", "check_against_data", "check_against_earlier"]

_KEY = ["fold", "split", "sample_id"]
_SPLITS = "the splits match the dataset"
_ROWS = "every sample of val and test is scored, and no other"


class DataDesk:
    """Datasets that are available, each opened once."""

    def __init__(self) -> None:
        self._open = cache(self._opened)
        self._fingerprint = cache(lambda name: self._dataset(name).fingerprint())
        self._splits = cache(lambda name, task, scheme: self._dataset(name).splits(task, scheme))

    def of(self, dataset: str, fingerprint: str) -> Dataset | str:
        """The dataset on the content of that fingerprint, or why it is not available."""
        found = self._open(dataset)
        if isinstance(found, str):
            return found
        if (own := self._fingerprint(dataset)) != fingerprint:
            return f"the available data differ: fingerprint {own[:16]}"
        return found

    def fingerprint(self, dataset: str) -> str | None:
        """Fingerprint of the data available; None where there are none."""
        return None if isinstance(self._open(dataset), str) else self._fingerprint(dataset)

    def splits(self, dataset: Dataset, task: str, scheme: str) -> Sequence[Split]:
        """A task's splits."""
        return self._splits(dataset.card.id, task, scheme)

    def _opened(self, name: str) -> Dataset | str:
        try:
            return open_dataset(name)
        except AqaBenchError as error:
            return error.what

    def _dataset(self, name: str) -> Dataset:
        found = self._open(name)
        if isinstance(found, str):
            raise AqaBenchError(found, where=name)
        return found


def check_against_data(submission: Submission, dataset: Dataset, desk: DataDesk) -> Iterator[Problem]:
    """Check ids and splits, then score the predictions again and compare every number.

    Args:
        submission: The run; its predictions can be read, its tasks and scheme are the dataset's.
        dataset: The dataset on the data that the run was made on.
        desk: Where its splits are kept.
    """
    record, table = submission.record, submission.predictions
    if table is None:
        return
    sound = True
    for task in record.tasks:
        splits = desk.splits(dataset, task, record.scheme)
        expected = splits_fingerprint(splits)
        if record.splits_fingerprint[task] != expected:
            yield submission.about_record(
                f"splits_fingerprint.{task}", _SPLITS, expected, record.splits_fingerprint[task]
            )
        at_hand = dataset.samples(task)
        wanted = {
            (split.id, part, name)
            for split in splits
            for part, ids in (("val", split.val), ("test", split.test))
            for name in ids
            if name in at_hand
        }
        rows = set(table.loc[table["task"] == task, _KEY].itertuples(index=False, name=None))
        for odd, what in ((wanted - rows, "left out"), (rows - wanted, "that do not belong")):
            if odd:
                sound = False
                fold, part, name = min(odd)
                yield submission.about_predictions(
                    f"{_ROWS} ({task})",
                    f"{len(wanted)} rows",
                    f"{len(odd)} {what}, e.g. {name} as {part} of {fold}",
                )
    if sound:
        yield from check_metrics(dataset, submission.run)


def check_against_earlier(submission: Submission, earlier: Sequence[SubmittedRun]) -> Iterator[Problem]:
    """Check without labels what must be the same for all runs of a dataset, scheme and task.

    Args:
        submission: The run; its predictions can be read.
        earlier: Runs of the same data that were accepted before.
    """
    record, table = submission.record, submission.predictions
    for task in record.tasks if table is not None else ():
        peer = next((r for r in earlier if _is_peer(r, submission, task)), None)
        if peer is None or table is None:
            continue
        if record.splits_fingerprint[task] != peer.record.splits_fingerprint[task]:
            yield submission.about_record(
                f"splits_fingerprint.{task}",
                _SPLITS,
                f"{peer.record.splits_fingerprint[task]}, as in {peer.path}",
                record.splits_fingerprint[task],
            )
        other = read_predictions(peer.folder / PREDICTIONS_FILE)
        rows, wanted = (
            set(t.loc[t["task"] == task, _KEY].itertuples(index=False, name=None)) for t in (table, other)
        )
        if rows != wanted:
            fold, part, name = min(rows ^ wanted)
            yield submission.about_predictions(
                f"{_ROWS} ({task})",
                f"the {len(wanted)} rows of {peer.path}",
                f"{len(rows ^ wanted)} differ, e.g. {name} as {part} of {fold}",
            )
            continue
        for field in ("floors", "coverage", "train_ranges"):
            expected, found = (getattr(r, field).get(task) for r in (peer.record, record))
            if expected != found:
                yield submission.about_record(
                    f"{field}.{task}",
                    "runs of the same samples agree on the dataset",
                    f"{expected}, as in {peer.path}",
                    found,
                )


def _is_peer(run: SubmittedRun, submission: Submission, task: str) -> bool:
    ours, theirs = submission.record, run.record
    return (
        ours.dataset == theirs.dataset
        and ours.dataset_fingerprint == theirs.dataset_fingerprint
        and ours.scheme == theirs.scheme
        and task in theirs.tasks
        and run.path != submission.path
    )
