"""Pages that lead from a row to the records of its runs, which lie in the site too."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from aqa_bench.boards.model import Board, DatasetBoards, Row, board_name
from aqa_bench.boards.site.board_view import board_id, row_id
from aqa_bench.boards.site.names import slug
from aqa_bench.boards.site.tables import Cell, Column, Line, Table
from aqa_bench.boards.site.words import recipe_name
from aqa_bench.core.record import RECORD_FILE

__all__ = ["copy_records", "find_records", "records_table"]

_COLUMNS = (Column("method"), Column("recipe"), Column("runs"))


def find_records(submissions: Path) -> dict[str, Path]:
    """Record of every run by its path below the submissions; none where there is no such folder."""
    files = sorted(submissions.rglob(RECORD_FILE)) if submissions.is_dir() else []
    return {file.parent.relative_to(submissions).as_posix(): file for file in files}


def copy_records(boards: DatasetBoards, records: Mapping[str, Path], site: Path) -> set[str]:
    """Copy the records behind a dataset's boards.

    Returns:
        Paths below the submissions of the runs that were there to copy.
    """
    folder = site / "records" / slug(board_name(boards.dataset))
    wanted = {_key(board, row, run) for board in boards.boards for row in board.rows for run in row.runs}
    found = sorted(wanted & records.keys())
    if found:
        folder.mkdir(parents=True)
    for key in found:
        shutil.copyfile(records[key], folder / f"{slug(key.rpartition('/')[2])}.json")
    return set(found)


def records_table(board: Board, there: set[str]) -> Table:
    """Rows of a board with a cell for each run, leading to its record where it is in the site."""
    folder = f"records/{slug(board_name(board.dataset))}"
    widest = max((len(row.runs) for row in board.rows), default=0)
    columns = (*_COLUMNS[:2], *(Column(f"run {i + 1}") for i in range(widest)))
    lines = [
        Line(
            (
                Cell(row.method),
                Cell(recipe_name(row)),
                *_padded(
                    [
                        Cell(run, href=f"{folder}/{slug(run)}.json" if _key(board, row, run) in there else "")
                        for run in row.runs
                    ],
                    widest,
                ),
            ),
            id=row_id(board, i),
        )
        for i, row in enumerate(board.rows)
        if row.runs
    ]
    return Table.of(
        f"{board_id(board)}-records", f"Runs of {board.task}, scheme {board.scheme}", columns, lines
    )


def _padded(cells: list[Cell], width: int) -> list[Cell]:
    return cells + [Cell("-")] * (width - len(cells))


def _key(board: Board, row: Row, run: str) -> str:
    return f"{board.dataset}/{row.method}/{run}"
