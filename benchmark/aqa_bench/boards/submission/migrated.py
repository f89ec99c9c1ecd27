"""Runs that say that they were made under an earlier protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.boards.versions import LOCK_FILE, read_lock
from aqa_bench.core.record import PREDICTIONS_FILE

__all__ = ["LEADERBOARDS", "check_migrated"]

LEADERBOARDS = "leaderboards"
"""Name of the folder of leaderboards; it lies beside the folder of submissions."""


def check_migrated(submission: Submission, root: Path) -> Iterator[Problem]:
    """Check that a run which says that it was migrated is one that earlier leaderboards name.

    Args:
        submission: The run.
        root: The folder of submissions, beside which the leaderboards lie.
    """
    record = submission.record
    if record.migrated_from is None:
        return
    path = f"{record.dataset}/{record.method}/{record.migrated_from}"
    for lock in sorted((root.parent / LEADERBOARDS).glob(f"*/*/{LOCK_FILE}")):
        named = read_lock(lock.parent)
        digest = named.runs.get(path, {}).get(PREDICTIONS_FILE)
        if named.version != BENCHMARK_VERSION and digest == record.predictions_sha256:
            return
    yield submission.about_record(
        "migrated_from",
        "a migrated run belongs to an earlier leaderboard",
        f"a lock below {LEADERBOARDS}/ that names {path} with these predictions",
        "none",
    )
