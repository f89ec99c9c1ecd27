"""Writing the papers' tables from submissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.building.leaderboard import current_boards
from aqa_bench.boards.papers.anomaly import AnomalyTable
from aqa_bench.boards.papers.model import ComparedTable
from aqa_bench.boards.papers.tables import ANOMALY, PAPERS, paper_datasets, paper_files, paper_table
from aqa_bench.boards.receipts import with_verdicts
from aqa_bench.boards.runs import find_runs
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import write_atomic
from aqa_bench.core.progress import NullProgress, Progress

__all__ = ["PapersReport", "build_papers"]


@dataclass(frozen=True)
class PapersReport:
    """What was written.

    Attributes:
        tables: The tables by id.
        files: The files written.
    """

    tables: dict[str, ComparedTable | AnomalyTable]
    files: tuple[str, ...]


def build_papers(
    names: Sequence[str], submissions: Path, leaderboards: Path, progress: Progress | None = None
) -> PapersReport:
    """Write ``<leaderboards>/papers/table-N.*`` and ``anomaly.*``.

    Measurements come from the submitted runs by the code that makes the leaderboards; where a dataset's
    labels are not available, from its committed leaderboard.

    Args:
        names: Table ids; several leave out what has neither a printed nor a measured row.
        submissions: Folder of submitted runs.
        leaderboards: Folder of leaderboards.
        progress: Where to report.

    Raises:
        UsageError: There is no such table.
        DataError: A run is damaged, or nothing of the only table asked for was submitted.
    """
    progress = NullProgress() if progress is None else progress
    wanted = {dataset for name in names for dataset in paper_datasets(name)}
    runs = [
        run
        for run in with_verdicts(submissions, find_runs(submissions))
        if run.record.dataset in wanted and run.record.benchmark_version == BENCHMARK_VERSION
    ]
    progress.start("tables", len(wanted))
    try:
        boards = current_boards(runs, leaderboards, progress)
    finally:
        progress.close()
    tables = {name: table for name in names if (table := paper_table(name, boards, runs)) is not None}
    if list(names) == [ANOMALY] and not tables:
        raise DataError(
            "No runs of this comparison have been submitted.",
            where=submissions,
            expected=f"runs of {', '.join(paper_datasets(ANOMALY))}",
            found="none",
            remedy="aqa-bench suite anomaly --out submissions",
        )
    files = paper_files(tables, boards, runs)
    for name, text in files.items():
        write_atomic(leaderboards / PAPERS / name, text)
    return PapersReport(tables, tuple((leaderboards / PAPERS / name).as_posix() for name in sorted(files)))
