"""Runs of an earlier protocol under the current one: a new run-id, the same predictions and numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.submission.migrated import LEADERBOARDS
from aqa_bench.boards.submission.pack import Packed, pack
from aqa_bench.boards.submission.recipes import RecipeReader
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import Progress
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE, RunRecord, read_record
from aqa_bench.core.run_id import recorded_run_id

__all__ = ["migrate", "migrated"]


def migrate(
    folders: Sequence[Path],
    out: Path,
    leaderboards: Path,
    progress: Progress | None = None,
    *,
    recipes: RecipeReader | None = None,
) -> list[Packed]:
    """Copy runs of an earlier protocol to where they stand under the current one.

    Predictions and numbers stay what they are. The run-id follows from the current protocol, an
    ensemble's members have their new ids, and ``migrated_from`` names the old one. The digest of the
    code stays unknown.

    Args:
        folders: The runs. Members of ensembles have to lie where the ensemble lies, or beside it.
        out: Folder of submissions.
        leaderboards: Folder with the earlier leaderboards, whose locks name the runs.
        progress: Where to report.
        recipes: As in :class:`~aqa_bench.boards.submission.checks.Terms`.

    Returns:
        The new runs.

    Raises:
        UsageError: A run is of the current protocol already.
        DataError: A run is damaged, or the current protocol would refuse it; nothing is copied then.
    """
    with tempfile.TemporaryDirectory(prefix="aqa-bench-migrate-") as place:
        # Judged like any submission, beside the locks that name what it was.
        (Path(place) / LEADERBOARDS).symlink_to(leaderboards.resolve(), target_is_directory=True)
        staged = [_stage(folder, Path(place) / "submissions") for folder in dict.fromkeys(folders)]
        return pack(staged, out, progress, recipes=recipes)


def migrated(record: RunRecord, folder: Path) -> RunRecord:
    """A record as the current protocol spells it.

    Args:
        record: The record.
        folder: Where it lies; members of an ensemble are looked for beside it.

    Raises:
        UsageError: It is of the current protocol already.
        DataError: Its run-id is not what it spells, or a member is not there.
    """
    if record.benchmark_version == BENCHMARK_VERSION:
        raise UsageError(
            "The run already uses the current protocol.",
            where=folder,
            expected="a run of an earlier protocol",
            found=record.benchmark_version,
        )
    if record.run_id != recorded_run_id(record):
        raise DataError(
            "The run-id does not match the record.",
            where=folder / RECORD_FILE,
            expected=recorded_run_id(record),
            found=record.run_id,
            remedy="Restore it from the repository's history; submissions are never edited.",
        )
    changes: dict[str, Any] = {"benchmark_version": BENCHMARK_VERSION, "migrated_from": record.run_id}
    if record.members:
        members = sorted(_member_id(folder, name) for name in record.members)
        changes |= {"members": members, "hyperparameters": {**record.hyperparameters, "members": members}}
    moved = record.model_copy(update=changes)
    return moved.model_copy(update={"run_id": recorded_run_id(moved)})


def _stage(folder: Path, root: Path) -> Path:
    record = read_record(folder)
    predictions = folder / PREDICTIONS_FILE
    digest = sha256_file(predictions) if predictions.is_file() else "no such file"
    if digest != record.predictions_sha256:
        raise DataError(
            "The run's predictions do not match its record.",
            where=predictions,
            expected=record.predictions_sha256,
            found=digest,
            remedy="Restore it from the repository's history; submissions are never edited.",
        )
    moved = migrated(record, folder)
    target = root / moved.dataset / moved.method / moved.run_id
    target.mkdir(parents=True)
    (target / PREDICTIONS_FILE).write_bytes(predictions.read_bytes())
    (target / RECORD_FILE).write_text(moved.to_json(), encoding="utf-8")
    return target


def _member_id(folder: Path, run_id: str) -> str:
    found = sorted(folder.parent.parent.glob(f"*/{run_id}"))
    if not found:
        raise DataError(
            "A member of the ensemble is missing.",
            where=folder,
            expected=f"{folder.parent.parent}/<method>/{run_id}",
            found="no such run",
            remedy="Migrate ensembles together with their members.",
        )
    return migrated(read_record(found[0]), found[0]).run_id
