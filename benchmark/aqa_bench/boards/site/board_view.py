"""A board as a table of the site: every column that the leaderboard has."""

from __future__ import annotations

from collections.abc import Collection

from aqa_bench.boards.model import Board, Row, board_name
from aqa_bench.boards.pages.render import (
    RANKS,
    SECONDARY,
    badge,
    count,
    interval,
    metric_name,
    number,
    pretext_text,
    ranks,
    shown_metrics,
)
from aqa_bench.boards.receipts import RULE
from aqa_bench.boards.site.names import slug
from aqa_bench.boards.site.tables import Cell, Column, Line, Table, number_cell
from aqa_bench.core.record import RowKind

__all__ = ["OWN_TASK", "board_id", "board_page", "board_table", "row_id", "row_kind"]

OWN_TASK = Column(
    "own task", about="success of pre-training at its own task on held-out clips, before → after"
)

_KINDS = (
    ("method", "measured methods"),
    ("control", "controls"),
    ("oracle", "oracles"),
    ("reported", "reported rows"),
)


def board_id(board: Board) -> str:
    """Anchor of a board on its dataset's page."""
    return slug(f"{board.task}-{board.scheme}")


def board_page(dataset: str) -> str:
    """Page of a dataset's boards."""
    return f"boards/{slug(board_name(dataset))}.html"


def row_id(board: Board, index: int) -> str:
    """Anchor of a row on the page of records."""
    return f"{board_id(board)}-row-{index + 1}"


def row_kind(row: Row) -> str:
    """``method``, ``control``, ``oracle`` or ``reported``."""
    if row.kind is RowKind.REPORTED:
        return "reported"
    if row.control:
        return "control"
    return "oracle" if row.oracle else "method"


def board_table(board: Board, methods: Collection[str]) -> Table:
    """The rows of a board.

    Args:
        board: The board.
        methods: Methods that have a page.
    """
    metrics = shown_metrics(board, SECONDARY)
    badges = any(row.standing is not None for row in board.rows)
    intervals = any(row.rank_low is not None for row in board.rows)
    columns = (
        Column("rank group", True, RANKS),
        Column("method"),
        Column("recipe"),
        Column("kind"),
        *([Column("badge", about=RULE)] if badges else []),
        Column("regime"),
        Column("looks at"),
        Column("backbone"),
        Column("pre-trained on"),
        OWN_TASK,
        Column(metric_name(board.primary), True, "the metric that ranks: mean over seeds and repeats"),
        Column("95% interval", True, "BCa bootstrap over groups and seeds; sorted by its lower end"),
        Column("skill", True, "(value - floor) / (1 - floor)"),
        *([Column("ranks", True, "places that the row may have; sorted by the best")] if intervals else []),
        *(Column(metric_name(name), True) for name in metrics),
        Column("seeds × splits", True),
        Column("coverage", True, "samples scored of those tested"),
        Column("parameters", True),
        Column("GFLOPs", True, "giga multiply-adds per sample"),
        Column("ms/sample", True, "wall clock of predicting, as recorded by the runs"),
        Column("device"),
        Column("record"),
    )
    lines = tuple(
        Line(_cells(board, row, i, metrics, methods, (badges, intervals)), row_kind(row), row_id(board, i))
        for i, row in enumerate(board.rows)
    )
    there = {line.kind for line in lines}
    return Table(
        id=f"{board_id(board)}-table",
        caption=f"{board.dataset}, {board.task} ({board.question}), scheme {board.scheme}",
        columns=columns,
        lines=lines,
        names=1,
        kinds=tuple(kind for kind in _KINDS if kind[0] in there) if len(there) > 1 else (),
    )


def _cells(
    board: Board,
    row: Row,
    index: int,
    metrics: list[str],
    methods: Collection[str],
    optional: tuple[bool, bool],
) -> tuple[Cell, ...]:
    badges, intervals = optional
    reported = row.kind is RowKind.REPORTED
    page = f"methods/{slug(row.method)}.html" if row.method in methods and not reported else ""
    notes = {"control": "control", "oracle": "oracle", "reported": "† reported"}
    skill = number(row.skill) if row.skill is not None else "-"
    splits = number_cell("-", None) if reported else number_cell(f"{row.seeds} × {row.splits}", row.seeds)
    runs = f"{len(row.runs)} run" + ("" if len(row.runs) == 1 else "s")
    where = f"records/{slug(board_name(board.dataset))}.html#{row_id(board, index)}"
    return (
        number_cell("-" if row.rank is None else str(row.rank), row.rank),
        Cell(row.method, href=page, note=notes.get(row_kind(row), "")),
        Cell(f"{row.recipe} ({row.variant})" if row.variant else row.recipe or "-"),
        Cell(row.kind.value),
        *([Cell(badge(row))] if badges else []),
        Cell(row.regime or "-"),
        Cell(row.modality or "-"),
        Cell(row.backbone or "-"),
        Cell(row.pretrained_on or "-"),
        Cell(pretext_text(row.pretext)),
        number_cell(number(row.value), row.value),
        number_cell("not printed" if reported and row.low is None else interval(row), row.low),
        number_cell(skill, row.skill),
        *([number_cell(ranks(row), row.rank_low)] if intervals else []),
        *(number_cell(number(row.secondary.get(name)), row.secondary.get(name)) for name in metrics),
        splits,
        number_cell(f"{row.scored}/{board.samples}", row.scored / board.samples if board.samples else None),
        number_cell(count(row.parameters), row.parameters),
        number_cell(number(row.gflops, 2), row.gflops),
        number_cell(number(row.latency_ms, 3), row.latency_ms),
        Cell(row.device or "-"),
        Cell(runs, href=where) if row.runs else Cell("see below" if row.source else "-"),
    )
