"""The papers' claims judged from folders of submissions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aqa_bench.boards.building.leaderboard import scorable, sound_runs
from aqa_bench.boards.claims.report import judge_claims
from aqa_bench.boards.claims.result import ClaimsReport
from aqa_bench.core.progress import Progress

__all__ = ["current_claims"]


def current_claims(
    submissions: Sequence[Path], *, preset: str | None = None, progress: Progress | None = None
) -> ClaimsReport:
    """Judge every claim from the runs of the current protocol.

    Args:
        submissions: Folders of runs; one run in several of them counts once.
        preset: Preset of the generated data; by default the first that a claim has runs on.
        progress: Where to report.

    Raises:
        DataError: A folder does not exist, or a run is damaged.
    """
    runs = {run.record.run_id: run for folder in submissions for run in sound_runs(folder)[0]}
    return judge_claims(list(runs.values()), scorable, preset=preset, progress=progress)
