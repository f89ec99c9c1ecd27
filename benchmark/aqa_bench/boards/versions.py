"""Building an earlier version of the leaderboards again, from the runs that its lock names."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from aqa_bench.boards.receipts import receipt_file, with_verdicts
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.receipt import RECEIPT_FILE
from aqa_bench.core.record import read_record

__all__ = ["LOCK_FILE", "Lock", "locked_paths", "locked_runs", "locked_version", "read_lock", "versions"]

LOCK_FILE = "inputs.lock.json"


class Lock(BaseModel):
    """The content of ``inputs.lock.json``.

    Attributes:
        version: Version of the leaderboards.
        dataset_fingerprint: Content that the runs were scored on.
        runs: SHA-256 of each file of each run, by the run's path below the submissions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    dataset_fingerprint: str
    runs: dict[str, dict[str, str]]


def versions(leaderboards: Path) -> list[str]:
    """Versions that there are tables of, oldest first: v10 comes after v9."""
    found = {lock.parent.parent.name for lock in leaderboards.glob(f"*/*/{LOCK_FILE}")}
    return sorted(found, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name))


def read_lock(folder: Path) -> Lock:
    """The lock of one dataset's leaderboard.

    Raises:
        DataError: There is none, or it cannot be read.
    """
    file = folder / LOCK_FILE
    try:
        return Lock.model_validate(parse_json(read_bounded(file)))
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(
            "The inputs of a leaderboard cannot be read.",
            where=file,
            expected="a lock written by aqa-bench leaderboard build",
            found=type(error).__name__,
            remedy="Restore it from the repository's history.",
        ) from error


def locked_runs(submissions: Path, lock: Lock) -> list[SubmittedRun]:
    """The runs that a lock names, and no others, in its order.

    Raises:
        DataError: One is gone or is not what it was.
    """
    for path, hashes in lock.runs.items():
        for name, expected in hashes.items():
            file = receipt_file(submissions, path) if name == RECEIPT_FILE else submissions / path / name
            found = sha256_file(file) if file.is_file() else None
            if found != expected:
                raise DataError(
                    f"Leaderboard {lock.version} was built from a different file.",
                    where=file,
                    expected=f"sha256 {expected[:16]}",
                    found="no such file" if found is None else f"sha256 {found[:16]}",
                    remedy="Restore it from the repository's history; submissions are never edited.",
                )
    folders = [(path, submissions / path) for path in lock.runs]
    runs = [SubmittedRun(path, folder, read_record(folder)) for path, folder in folders]
    # A receipt that came later is not part of what was built.
    return [
        judged if RECEIPT_FILE in lock.runs[run.path] else run
        for run, judged in zip(runs, with_verdicts(submissions, runs), strict=True)
    ]


def locked_paths(leaderboards: Path, version: str) -> set[str]:
    """Paths of all runs that the locks of a version name; none where it has no leaderboards.

    Raises:
        DataError: A lock cannot be read.
    """
    locks = sorted((leaderboards / version).glob(f"*/{LOCK_FILE}"))
    return {path for file in locks for path in read_lock(file.parent).runs}


def locked_version(submissions: Path, leaderboards: Path, version: str) -> list[SubmittedRun]:
    """The runs that all locks of a version name.

    Raises:
        UsageError: There are no leaderboards of that version.
        DataError: A run is gone or is not what it was.
    """
    known = versions(leaderboards)
    if version not in known:
        raise UsageError(
            f"There are no leaderboards for version {version!r}.",
            where=leaderboards,
            expected=", ".join(known) or f"<version>/<dataset>/{LOCK_FILE}",
            found=version,
        )
    locks = sorted((leaderboards / version).glob(f"*/{LOCK_FILE}"))
    return [run for file in locks for run in locked_runs(submissions, read_lock(file.parent))]
