"""A dataset's boards as LaTeX."""

from __future__ import annotations

from aqa_bench.boards.model import Board, DatasetBoards, Row
from aqa_bench.boards.pages.formats import Grid, Page, RowStyle, page_latex
from aqa_bench.boards.pages.render import (
    RANKS,
    SECONDARY,
    board_cells,
    metric_name,
    number,
    rule_of,
    text_columns,
)
from aqa_bench.core.record import RowKind

__all__ = ["as_latex", "row_style"]

_NOTES = (
    RANKS,
    "Controls are in italics; a dagger marks rows reported by a paper and not measured here.",
    "Brackets hold 95% intervals (BCa bootstrap over groups and seeds).",
)


def as_latex(boards: DatasetBoards) -> str:
    """``table.tex``: a float a board, for booktabs and graphicx."""
    return page_latex(
        Page(
            id=boards.dataset.replace("/", "-"),
            title=f"{boards.dataset}, leaderboard {boards.version}",
            text=(),
            grids=tuple(_grid(board) for board in boards.boards),
            notes=(*_NOTES, *filter(None, [rule_of(boards).strip()])),
        )
    )


def row_style(row: Row) -> RowStyle:
    """How a row is set apart."""
    if row.kind is RowKind.REPORTED:
        return RowStyle.REPORTED
    return RowStyle.CONTROL if row.control or row.oracle else RowStyle.PLAIN


def _grid(board: Board) -> Grid:
    header, lines = board_cells(board, SECONDARY)
    shown = "" if board.honest else " This protocol shows test labels to the method; nothing is ranked."
    return Grid(
        id=f"{board.task}-{board.scheme}",
        title=f"{board.task}, scheme {board.scheme}",
        text=f"{board.question}: {metric_name(board.primary)}, floor {number(board.floor)}.{shown}",
        header=tuple(header),
        rows=tuple((row_style(row), tuple(cells)) for row, cells in zip(board.rows, lines, strict=True)),
        texts=text_columns(header),
    )
