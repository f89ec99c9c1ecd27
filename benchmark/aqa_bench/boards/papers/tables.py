"""The papers' tables, recomputed: which there are, and their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aqa_bench.boards.model import DatasetBoards
from aqa_bench.boards.papers.anomaly import ANOMALY_DATASET, ANOMALY_TITLE, AnomalyTable, anomaly_table
from aqa_bench.boards.papers.compare import compare_table
from aqa_bench.boards.papers.model import ComparedTable
from aqa_bench.boards.papers.render import anomaly_files, table_files, table_markdown
from aqa_bench.boards.published import published
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.lookup import find

__all__ = [
    "ANOMALY",
    "PAPERS",
    "TABLES",
    "paper_datasets",
    "paper_files",
    "paper_markdown",
    "paper_table",
]

PAPERS = "papers"
"""Folder of the tables below the leaderboards."""

ANOMALY = "anomaly"

TABLES: Mapping[str, str] = {table.id: table.title for table in published().tables} | {ANOMALY: ANOMALY_TITLE}
"""Title of every table by id."""


def paper_datasets(name: str) -> tuple[str, ...]:
    """Datasets whose runs a table shows: its own, then the twin's.

    Raises:
        UsageError: There is no such table.
    """
    find(TABLES, name, "table", "aqa-bench list tables")
    if name == ANOMALY:
        return (ANOMALY_DATASET,)
    table = next(table for table in published().tables if table.id == name)
    return tuple(dataset for dataset in (table.dataset, table.twin) if dataset)


def paper_table(
    name: str, boards: Mapping[str, DatasetBoards], runs: Iterable[SubmittedRun]
) -> ComparedTable | AnomalyTable | None:
    """A table beside what was measured.

    Args:
        name: A key of :data:`TABLES`.
        boards: Boards by dataset id.
        runs: The submitted runs behind them.

    Returns:
        The table; None where it has no printed row and nothing was measured.

    Raises:
        UsageError: There is no such table.
    """
    datasets = paper_datasets(name)
    if name == ANOMALY:
        found = boards.get(ANOMALY_DATASET)
        return None if found is None else anomaly_table(found)
    pools = {run.record.run_id: run.record.pool_dataset for run in runs if run.record.dataset in datasets}
    printed = next(table for table in published().tables if table.id == name)
    return compare_table(printed, boards, pools)


def paper_markdown(table: ComparedTable | AnomalyTable) -> str:
    """A table as Markdown."""
    return table.to_markdown() if isinstance(table, AnomalyTable) else table_markdown(table)


def paper_files(
    names: Iterable[str], boards: Mapping[str, DatasetBoards], runs: Iterable[SubmittedRun]
) -> dict[str, str]:
    """Tables as files: name below :data:`PAPERS` and text. Args as :func:`paper_table`."""
    runs = list(runs)
    files: dict[str, str] = {}
    for name in names:
        table = paper_table(name, boards, runs)
        if table is not None:
            files |= anomaly_files(table) if isinstance(table, AnomalyTable) else table_files(table)
    return files
