"""Finding submitted runs and checking that each is what its path says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.receipt import Verdict
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, read_record

__all__ = ["FILE_LIMIT", "Problem", "SubmittedRun", "check_files", "find_runs", "find_strays", "run_folders"]

FILE_LIMIT = 10 * 2**20
"""Greatest size of a submitted file in bytes."""


class Problem(BaseModel):
    """Something that does not hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    rule: str
    expected: str
    found: str


@dataclass(frozen=True)
class SubmittedRun:
    """A run below a folder of submissions.

    Attributes:
        path: Its path relative to that folder, with forward slashes.
        folder: Its folder.
        record: Its record.
        verdict: What the receipt says that matches it; None without one.
    """

    path: str
    folder: Path
    record: RunRecord
    verdict: Verdict | None = None

    def judged(self, verdict: Verdict | None) -> SubmittedRun:
        """The run with a verdict."""
        return replace(self, verdict=verdict)


def run_folders(root: Path) -> dict[str, Path]:
    """Folder of every run below a folder, by its path there, sorted.

    Hidden folders hold no runs: they are the runner's own, and those of runs that it has set aside.
    """
    return {
        place.relative_to(root).as_posix(): place for place, files in _folders(root) if RECORD_FILE in files
    }


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders that are not hidden, each with its files; one that goes meanwhile is passed over."""
    for place, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(place), files


def find_runs(root: Path) -> list[SubmittedRun]:
    """Every run below a folder, sorted by path.

    Raises:
        DataError: The folder does not exist, or a record cannot be read.
    """
    if not root.is_dir():
        raise DataError(
            "The submissions folder does not exist.",
            where=root,
            expected="<dataset>/<method>/<run-id>/run.json",
        )
    return [SubmittedRun(path, folder, read_record(folder)) for path, folder in run_folders(root).items()]


def find_strays(root: Path) -> Iterator[Problem]:
    """Predictions that no record stands beside: a run that would be dropped silently."""
    for place, files in _folders(root):
        if PREDICTIONS_FILE in files and RECORD_FILE not in files:
            yield Problem(
                path=place.relative_to(root).as_posix(),
                rule="a run is two files",
                expected=f"{RECORD_FILE}, {PREDICTIONS_FILE}",
                found=f"no {RECORD_FILE}",
            )


def check_files(runs: Iterable[SubmittedRun]) -> Iterator[Problem]:
    """Check that path, record and predictions belong together."""
    for run in runs:
        record = run.record
        path = f"{record.dataset}/{record.method}/{record.run_id}"
        if run.path != path:
            yield Problem(path=run.path, rule="the path repeats the record", expected=path, found=run.path)
        predictions = run.folder / PREDICTIONS_FILE
        if not predictions.is_file():
            yield Problem(
                path=run.path,
                rule="predictions are submitted",
                expected=PREDICTIONS_FILE,
                found="no such file",
            )
            continue
        size = predictions.stat().st_size
        if size > FILE_LIMIT:
            yield Problem(
                path=f"{run.path}/{PREDICTIONS_FILE}",
                rule="a file is small",
                expected=f"at most {FILE_LIMIT} bytes",
                found=f"{size} bytes",
            )
            continue
        digest = sha256_file(predictions)
        if digest != record.predictions_sha256:
            yield Problem(
                path=f"{run.path}/{PREDICTIONS_FILE}",
                rule="predictions are those that were scored",
                expected=f"sha256 {record.predictions_sha256[:16]}",
                found=f"sha256 {digest[:16]}",
            )
        extra = sorted(p.name for p in run.folder.iterdir() if p.name not in (RECORD_FILE, PREDICTIONS_FILE))
        if extra:
            yield Problem(
                path=run.path,
                rule="a run is two files",
                expected=f"{RECORD_FILE}, {PREDICTIONS_FILE}",
                found=", ".join(extra),
            )
