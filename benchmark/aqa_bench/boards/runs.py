"""Finding submitted runs and checking that each is what its path says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.receipt import Verdict
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, read_record

__all__ = ["FILE_LIMIT", "Problem", "SubmittedRun", "check_files", "find_runs", "find_strays"]

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
    return [
        SubmittedRun(file.parent.relative_to(root).as_posix(), file.parent, read_record(file.parent))
        for file in sorted(root.rglob(RECORD_FILE))
        if not any(part.startswith(".") for part in file.relative_to(root).parts)
    ]


def find_strays(root: Path) -> Iterator[Problem]:
    """Predictions that no record stands beside: a run that would be dropped silently."""
    for file in sorted(root.rglob(PREDICTIONS_FILE)):
        path = file.relative_to(root)
        if not any(part.startswith(".") for part in path.parts) and not (file.parent / RECORD_FILE).is_file():
            yield Problem(
                path=path.parent.as_posix(),
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
