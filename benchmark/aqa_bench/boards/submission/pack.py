"""Packing runs for a pull request: two files a run, under the path that its record spells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.boards.submission.base import same_bytes
from aqa_bench.boards.submission.checks import validate
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import atomic_directory
from aqa_bench.core.progress import Progress
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, read_record

__all__ = ["Packed", "pack"]


@dataclass(frozen=True)
class Packed:
    """A run that lies among the submissions.

    Attributes:
        path: Its folder.
        added: False where the same bytes lay there already.
    """

    path: Path
    added: bool


def pack(runs: Sequence[Path], out: Path, progress: Progress | None = None) -> list[Packed]:
    """Copy ``run.json`` and ``predictions.csv`` of runs to ``out/<dataset>/<method>/<run-id>/``.

    Args:
        runs: Folders of runs.
        out: Folder of submissions.
        progress: Where to report.

    Raises:
        DataError: A run does not validate, or another one lies at its place; nothing is copied then.
    """
    targets = [_target(folder, out) for folder in runs]
    # Judged where it lies, so that nothing that is unfit ever reaches the submissions.
    result, _ = validate(list(dict.fromkeys(runs)), progress=progress)
    if result.problems:
        first, more = result.problems[0], len(result.problems) - 1
        raise DataError(
            "A run cannot be submitted; nothing was copied.",
            where=first.path,
            expected=f"{first.rule}: {first.expected}",
            found=first.found + (f" (and {more} more problems)" if more else ""),
            remedy="aqa-bench validate shows every problem; run the method again with --force.",
        )
    for folder, target in zip(runs, targets, strict=True):
        if target.exists() and not same_bytes(folder, target):
            raise DataError(
                "Another run lies at this one's place; nothing was copied.",
                where=target,
                expected="the same bytes, or no such folder",
                found="a run of the same id with other bytes",
                remedy="Submitted results do not change: submit a new run (another seed or version) instead.",
            )
    return [_copy(folder, target) for folder, target in zip(runs, targets, strict=True)]


def _target(folder: Path, out: Path) -> Path:
    record = read_record(folder)
    parts = f"{record.dataset}/{record.method}/{record.run_id}".split("/")
    if any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise DataError(
            "A run's ids are no path.",
            where=folder,
            expected="dataset, method and run-id",
            found="/".join(parts),
        )
    return out.joinpath(*parts)


def _copy(folder: Path, target: Path) -> Packed:
    if target.exists():
        return Packed(target, added=False)
    with atomic_directory(target) as staging:
        for name in (RECORD_FILE, PREDICTIONS_FILE):
            (staging / name).write_bytes((folder / name).read_bytes())
    return Packed(target, added=True)
