"""The one reader of finished runs: nothing of a run on disk is believed that does not agree."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import AqaBenchError, DataError
from aqa_bench.core.files import set_aside, sha256_file
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, read_record
from aqa_bench.core.registry import find_dataset, find_method, find_scheme, find_task
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.core.sealed import Damaged
from aqa_bench.core.split import splits_fingerprint
from aqa_bench.protocol.plan import Request, RunFolders
from aqa_bench.protocol.run_code import code_for
from aqa_bench.protocol.score import open_scored
from aqa_bench.stats.agreement import differences
from aqa_bench.stats.run_scores import score_predictions

__all__ = [
    "FinishedRun",
    "FinishedRuns",
    "answer_from_disk",
    "changed_code",
    "sealed_record",
    "stands",
    "trusted_run",
]

_log = logging.getLogger(__name__)
_REMEDY = "Repeat the run with --force. Never edit the files of a run by hand."


@dataclass(frozen=True)
class FinishedRun:
    """A run on disk whose files agree with each other and with the dataset.

    Attributes:
        record: Its record.
        predictions: Its predictions table.
        dataset: The dataset that it was scored on.
    """

    record: RunRecord
    predictions: pd.DataFrame
    dataset: Dataset


def sealed_record(folder: Path) -> RunRecord:
    """Read a finished run's record, and check that it and its predictions are the files that were written.

    The record carries its own digest and that of the predictions, and its run-id follows from what it says.
    Whether its metrics follow from the predictions is not looked at: whoever changes both and knows how
    records are sealed is found by :func:`trusted_run`.

    Args:
        folder: The run's folder.

    Raises:
        Damaged: A file is missing or was changed.
        DataError: There is no such run.
    """
    record = read_record(folder)
    if (follows := recorded_run_id(record)) != record.run_id:
        raise _damaged(folder / RECORD_FILE, f"run-id {follows}, which follows from the rest", record.run_id)
    file = folder / PREDICTIONS_FILE
    digest = sha256_file(file) if file.is_file() else "no such file"
    if digest != record.predictions_sha256:
        raise _damaged(file, f"sha256 {record.predictions_sha256}", digest)
    return record


def trusted_run(folder: Path, dataset: Dataset | None = None) -> FinishedRun:
    """Read a finished run and check that it is what was written.

    The record carries its own digest and that of the predictions, its run-id follows from what it says, and
    every value of its metrics is computed again from predictions and targets. Bounds of intervals are not:
    they cost seconds, and no ranking is made from a record's bounds.

    Args:
        folder: The run's folder.
        dataset: The dataset, where it is open already.

    Raises:
        Damaged: A file is missing, was changed, or says something else than the others.
        DataError: There is no such run, or the data available are not those it was made on.
        UsageError: The dataset, a task or the scheme does not exist (any more).
    """
    record, file = sealed_record(folder), folder / PREDICTIONS_FILE
    opened = open_scored(record, folder) if dataset is None else dataset
    scheme = find_scheme(opened.card, record.scheme)
    tasks = [find_task(opened.card, name) for name in record.tasks]
    splits = {task.id: opened.splits(task.id, scheme.id) for task in tasks}
    told = record.splits_fingerprint, record.honest
    if told != (followed := ({t: splits_fingerprint(parts) for t, parts in splits.items()}, scheme.honest)):
        raise _damaged(folder / RECORD_FILE, f"splits and honesty of scheme {scheme.id}: {followed}", told)
    try:
        predictions = read_predictions(file)
        scored = score_predictions(
            opened, tasks, scheme, splits, predictions, record.decision, str(file), n_resamples=0
        )
    except DataError as error:
        raise _damaged(error.where or file, error.expected or "predictions", error.found or "") from error
    for place, expected, found in differences(record, scored, intervals=False):
        raise _damaged(folder / RECORD_FILE, f"{place} {expected}, as its predictions say", found)
    return FinishedRun(record, predictions, opened)


def changed_code(record: RunRecord, code: CodeDigest) -> str | None:
    """What has changed since a run was made, for a sentence; None where nothing has, or it is not known."""
    if record.code is None or (what := code.compare(record.code)) is None:
        return None
    return what.replace("the method", record.method)


def answer_from_disk(
    target: Path, run_id: str, dataset: Dataset, code: CodeDigest | None
) -> RunRecord | None:
    """The record of a run that is on disk, if it can be believed and was made with the same code.

    One that is not is kept beside its place under a name that no reader takes for a run, and is named in
    the log: ``.<run-id>.other-code`` or ``.<run-id>.damaged``.

    Args:
        target: Where the run is, or would be.
        run_id: Its run-id.
        dataset: Its dataset.
        code: The code of today; None where that of an ensemble's members is not known.

    Returns:
        The record; None where the run has to be made.

    Raises:
        AqaBenchError: The old folder cannot be moved.
    """
    try:
        record = trusted_run(target, dataset).record
        if record.run_id != run_id:
            raise _damaged(target / RECORD_FILE, f"run-id {run_id}", record.run_id)
    except AqaBenchError as error:
        if target.exists():
            kept = set_aside(target, "damaged")
            _log.warning("repeating the run; the files on disk are kept as %s: %s", kept, error)
        return None
    if code is not None and (changed := changed_code(record, code)) is not None:
        kept = set_aside(target, "other-code")
        _log.warning("%s changed since: repeating the run; the old one is kept as %s", changed, kept)
        return None
    if record.code is None:
        _log.warning("already on disk, from before code was recorded, so its code is unknown: %s", target)
    return record


def stands(folder: Path, dataset: Dataset, code: CodeDigest) -> bool:
    """Whether a run is on disk, can be believed, and was made with the same code; nothing is moved."""
    try:
        record = _of_its_name(folder, trusted_run(folder, dataset).record)
    except AqaBenchError:
        return False
    return changed_code(record, code) is None


class FinishedRuns:
    """The finished runs of many requests: every dataset is opened, and all code is read, once.

    Args:
        out: Folder of runs.
        folders: Where requests are resolved; one of its own by default.
        scored: Whether metrics are computed again from predictions; else seals and digests are checked.
    """

    def __init__(self, out: Path, folders: RunFolders | None = None, *, scored: bool = True) -> None:
        self._out, self._scored = out, scored
        self._folder_of = RunFolders() if folders is None else folders
        self._code = cache(self._code_of)

    def folder(self, job: Request) -> Path:
        """Where the run of a request is, or would be.

        Raises:
            AqaBenchError: The request cannot be resolved.
        """
        return self._out / self._folder_of(job)

    def look(self, job: Request) -> tuple[RunRecord | None, str]:
        """A request's record, if it is on disk and stands; else why it will be made again, if it is there.

        Raises:
            AqaBenchError: The request cannot be resolved.
        """
        folder = self.folder(job)
        try:
            if self._scored:
                record = trusted_run(folder, self._folder_of.dataset(job)).record
            else:
                record = sealed_record(folder)
            # Its name, a run-id, also says of which data and splits it is.
            _of_its_name(folder, record)
        except AqaBenchError as error:
            return None, str(error) if folder.exists() else ""
        changed = changed_code(record, self._code(job.method, job.dataset, job.pretrain_on))
        return (record, "") if changed is None else (None, f"{changed} changed since")

    def _code_of(self, method: str, dataset: str, pool: str | None) -> CodeDigest:
        names = dict.fromkeys(find_dataset(name).id for name in (dataset, pool) if name is not None)
        return code_for(find_method(method), list(names))


def _of_its_name(folder: Path, record: RunRecord) -> RunRecord:
    if record.run_id != folder.name:
        raise _damaged(folder / RECORD_FILE, f"run-id {folder.name}", record.run_id)
    return record


def _damaged(where: object, expected: str, found: object) -> Damaged:
    return Damaged(
        "A finished run is damaged or was changed, so it is not used.",
        where=str(where),
        expected=expected,
        found=found,
        remedy=_REMEDY,
    )
