"""The page over all leaderboards: one line per board."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aqa_bench.boards.model import UNCHECKED, Board, DatasetBoards, Row, Standing
from aqa_bench.boards.pages.escape import spreadsheet_cell
from aqa_bench.boards.pages.formats import Grid, Page, RowStyle, page_latex, page_markdown
from aqa_bench.boards.pages.render import badge, interval, metric_name, number
from aqa_bench.boards.receipts import RULE
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json
from aqa_bench.core.record import RowKind

__all__ = ["OverallLine", "best_row", "overall_files", "overall_lines", "read_version"]

_PLACE = ("dataset", "task", "scheme", "best method", "recipe", "metric", "value")
_COUNTS = ("skill", "floor", "methods", "runs")
_HEADER = (*_PLACE, "95% interval", *_COUNTS)
_NOTE = (
    "The best method is the first measured row that is neither a control nor an oracle. If "
    "its interval includes the floor, no measured method is shown to beat blind guessing."
)


class OverallLine(BaseModel):
    """A board in one line.

    Attributes:
        dataset: Dataset id.
        task: Task id.
        scheme: Split scheme.
        honest: Whether the scheme keeps test labels from methods.
        metric: Primary metric.
        floor: Its trivial value, or None.
        best: The best measured row that is no control and no oracle, a reproduced one where there is any;
            or None.
        methods: Number of methods that were measured and are no controls or oracles.
        runs: Runs behind the board.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    task: str
    scheme: str
    honest: bool
    metric: str
    floor: float | None
    best: Row | None
    methods: int
    runs: int


def read_version(leaderboards: Path, version: str) -> list[DatasetBoards]:
    """The boards of ``<leaderboards>/<version>/*/table.json``, sorted by dataset.

    Raises:
        DataError: A table cannot be read.
    """
    found = [_read(file) for file in sorted((leaderboards / version).glob("*/table.json"))]
    return sorted(found, key=lambda boards: boards.dataset)


def overall_lines(boards: Iterable[DatasetBoards]) -> list[OverallLine]:
    """One line per board, in the boards' order."""
    return [_line(board) for each in boards for board in each.boards]


def best_row(board: Board) -> Row | None:
    """The best measured row that is no control and no oracle: ranked and reproduced where any is."""
    rows = _measured(board)
    ranked = [row for row in rows if row.rank is not None] or rows
    return next((row for row in ranked if row.standing is Standing.REPRODUCED), next(iter(ranked), None))


def overall_files(version: str, boards: Sequence[DatasetBoards]) -> dict[str, str]:
    """``overall.md``, ``.csv``, ``.tex`` and ``.json``."""
    lines = overall_lines(boards)
    badges = _with_badges(lines)
    parts = (("Leaderboards", True), ("Protocols that show test labels", False))
    grids = tuple(
        Grid(
            id="honest" if honest else "shown",
            title=title,
            text="" if honest else "Nothing is ranked here.",
            header=(*_HEADER, "badge") if badges else _HEADER,
            rows=tuple((RowStyle.PLAIN, _cells(line, badges)) for line in lines if line.honest is honest),
            names=0,
            texts=(0, 1, 2, 3, 4, 5, *([len(_HEADER)] if badges else [])),
        )
        for title, honest in parts
        if any(line.honest is honest for line in lines)
    )
    page = Page("overall", f"Leaderboards {version}", (), grids, (_NOTE, RULE) if badges else (_NOTE,))
    document = [line.model_dump(mode="json") for line in lines]
    return {
        "overall.md": page_markdown(page),
        "overall.csv": _csv(lines, badges),
        "overall.tex": page_latex(page),
        "overall.json": pretty_json({"version": version, "boards": document}),
    }


def _read(file: Path) -> DatasetBoards:
    try:
        return DatasetBoards.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            "A leaderboard cannot be read.",
            where=file,
            expected="a table written by aqa-bench leaderboard build",
            found=str(error).partition("\n")[0],
            remedy="Rebuild it with aqa-bench leaderboard build.",
        ) from error


def _line(board: Board) -> OverallLine:
    return OverallLine(
        dataset=board.dataset,
        task=board.task,
        scheme=board.scheme,
        honest=board.honest,
        metric=board.primary,
        floor=board.floor,
        best=best_row(board),
        methods=len({row.method for row in _measured(board)}),
        runs=sum(len(row.runs) for row in board.rows),
    )


def _measured(board: Board) -> list[Row]:
    return [
        row
        for row in board.rows
        if row.kind is RowKind.MEASURED
        and not row.control
        and not row.oracle
        and row.why_unranked != UNCHECKED
    ]


def _with_badges(lines: Iterable[OverallLine]) -> bool:
    return any(line.best is not None and line.best.standing is not None for line in lines)


def _cells(line: OverallLine, badges: bool) -> tuple[str, ...]:
    row = line.best
    told = ("-", "-", metric_name(line.metric), "-", "-", "-")
    if row is not None:
        recipe = f"{row.recipe} ({row.variant})" if row.variant else row.recipe
        told = (row.method, recipe, told[2], number(row.value), interval(row), number(row.skill))
    counts = (number(line.floor), str(line.methods), str(line.runs))
    last = ("-" if row is None else badge(row),) if badges else ()
    return (line.dataset, line.task, line.scheme, *told, *counts, *last)


def _csv(lines: Sequence[OverallLine], badges: bool) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow((*_PLACE, "low", "high", *_COUNTS, "honest", *(["standing"] if badges else [])))
    for line in lines:
        row = line.best
        place = (line.dataset, line.task, line.scheme)
        best: tuple[object, ...] = ("", "", line.metric, "", "", "", "")
        if row is not None:
            best = (row.method, row.recipe, line.metric, row.value, row.low, row.high, row.skill)
        counts = (line.floor, line.methods, line.runs, str(line.honest).lower())
        last = [None if row is None else row.standing] if badges else []
        writer.writerow([spreadsheet_cell(cell) for cell in (*place, *best, *counts, *last)])
    return buffer.getvalue()
