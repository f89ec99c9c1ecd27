"""The first page: one line per board."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aqa_bench.boards.model import DatasetBoards
from aqa_bench.boards.pages.overall import OverallLine, overall_lines
from aqa_bench.boards.pages.render import badge, interval, metric_name, number
from aqa_bench.boards.receipts import RULE
from aqa_bench.boards.site.board_view import board_page
from aqa_bench.boards.site.names import row_page, slug
from aqa_bench.boards.site.tables import Cell, Column, Line, Table, number_cell

__all__ = ["overall_table"]

_COLUMNS = (
    Column("board"),
    Column("task"),
    Column("scheme"),
    Column("best measured method"),
    Column("metric"),
    Column("value", True),
    Column("95% interval", True, "BCa bootstrap over groups and seeds; sorted by its lower end"),
    Column("floor", True, "the score of blind guessing"),
    Column("skill", True, "(value - floor) / (1 - floor)"),
    Column("methods", True, "measured, controls not counted"),
    Column("runs", True),
)
_BADGE = Column("badge", about=RULE)


def overall_table(boards: Sequence[DatasetBoards], methods: Collection[str], *, honest: bool) -> Table | None:
    """One line per board; None where there is no board of the kind asked for."""
    chosen = [line for line in overall_lines(boards) if line.honest is honest]
    if not chosen:
        return None
    badges = any(line.best is not None and line.best.standing is not None for line in chosen)
    lines = [_line(line, methods, badges) for line in chosen]
    columns = (*_COLUMNS, _BADGE) if badges else _COLUMNS
    caption = "Every leaderboard" if honest else "Protocols that show test labels to the method"
    return Table.of("overall" if honest else "overall-shown", caption, columns, lines)


def _line(line: OverallLine, methods: Collection[str], badges: bool) -> Line:
    best = line.best
    where = f"{board_page(line.dataset)}#{slug(f'{line.task}-{line.scheme}')}"
    method, value = Cell("none"), number_cell("-", None)
    bounds = skill = value
    if best is not None:
        method = Cell(f"{best.method} {best.recipe}".strip(), href=row_page(best, methods))
        value = number_cell(number(best.value), best.value)
        bounds = number_cell(interval(best), best.low)
        skill = number_cell(number(best.skill), best.skill)
    return Line(
        (
            Cell(line.dataset, href=where),
            Cell(line.task),
            Cell(line.scheme),
            method,
            Cell(metric_name(line.metric)),
            value,
            bounds,
            number_cell(number(line.floor), line.floor),
            skill,
            number_cell(str(line.methods), line.methods),
            number_cell(str(line.runs), line.runs),
            *([Cell("-" if best is None else badge(best))] if badges else []),
        )
    )
