"""The rows of a board as narrow tables of the site; the rest waits behind a choice of columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

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
from aqa_bench.boards.site.names import row_page, slug
from aqa_bench.boards.site.story import parts_of
from aqa_bench.boards.site.tables import Cell, Column, Line, Table, number_cell
from aqa_bench.boards.site.words import cited, recipe_name, span, task_name, value
from aqa_bench.core.record import RowKind

__all__ = ["OWN_TASK", "board_id", "board_page", "board_tables", "row_id", "row_kind", "short_cost"]

OWN_TASK = Column(
    "own task",
    about="success of pre-training on its pretext task on held-out clips, before → after",
    more=True,
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


def short_cost(row: Row) -> str:
    """Parameters and time in a few letters: ``3.5 M, 1.1 ms``."""
    return ", ".join(filter(None, (_short(row.parameters), _milliseconds(row)))) or "-"


def board_tables(board: Board, methods: Collection[str], *, more: bool = True) -> list[Table]:
    """Entries, controls, oracles and reported rows, each in a table of its own; empty ones are left out.

    Args:
        board: The board.
        methods: Methods and ensembles that have a page.
        more: With the columns that show only when a reader asks for them.
    """
    parts = parts_of(board)
    about = f"{task_name(board.dataset, board.task)}, {board.scheme}"
    named = (
        ("table", f"Entries: {about}", parts.entries),
        ("controls", f"Controls, which entries have to beat: {about}", parts.controls),
        ("oracles", f"Oracles, which read the generator's exact data: {about}", parts.oracles),
        ("reported", f"Reported by others, not measured here: {about}", parts.reported),
    )
    tables = [
        _table(board, f"{board_id(board)}-{name}", text, rows, methods) for name, text, rows in named if rows
    ]
    return tables if more else [_narrow(table) for table in tables]


def _table(board: Board, anchor: str, caption: str, rows: Sequence[Row], methods: Collection[str]) -> Table:
    metrics = shown_metrics(board, SECONDARY)
    badges = any(row.standing is not None for row in board.rows)
    places = any(row.rank_low is not None for row in board.rows)
    skilled = any(row.skill is not None for row in board.rows)
    columns = (
        Column("rank", True, RANKS),
        Column("method"),
        Column(metric_name(board.primary), True, "mean over seeds and repeats, and its 95% interval"),
        *(
            [Column("skill", True, "(value - floor) / (1 - floor): 0 is the floor, 1 a perfect score")]
            if skilled
            else []
        ),
        *([Column("badge", about=RULE)] if badges else []),
        Column("cost", True, "parameters, and milliseconds per sample in predict; sorted by parameters"),
        *(
            [Column("ranks", True, "places that the row may have; sorted by the best place", True)]
            if places
            else []
        ),
        Column("exact value", True, "sorted by the interval's lower end", True),
        *(Column(name, more=True) for name in ("regime", "looks at", "backbone", "pre-trained on")),
        OWN_TASK,
        *(Column(metric_name(name), True, more=True) for name in metrics),
        Column("seeds × splits", True, more=True),
        Column("coverage", True, "share of test samples that were scored", True),
        Column("parameters", True, more=True),
        Column("GFLOPs", True, "giga multiply-adds per sample", True),
        Column("ms/sample", True, "wall-clock time of prediction, as recorded by the runs", True),
        Column("device", more=True),
        Column("record", more=True),
    )
    index = {id(row): i for i, row in enumerate(board.rows)}
    lines = tuple(
        Line(
            _cells(board, row, index[id(row)], metrics, methods, (badges, places, skilled)),
            row_kind(row),
            rank=row.rank,
        )
        for row in rows
    )
    return Table(id=anchor, caption=caption, columns=columns, lines=lines, names=1)


def _narrow(table: Table) -> Table:
    kept = [i for i, column in enumerate(table.columns) if not column.more]
    lines = tuple(replace(line, cells=tuple(line.cells[i] for i in kept)) for line in table.lines)
    return replace(table, columns=tuple(table.columns[i] for i in kept), lines=lines)


def _cells(
    board: Board,
    row: Row,
    place: int,
    metrics: list[str],
    methods: Collection[str],
    optional: tuple[bool, bool, bool],
) -> tuple[Cell, ...]:
    badges, places, skilled = optional
    reported = row.kind is RowKind.REPORTED
    recipe = recipe_name(row)
    splits = number_cell("-", None) if reported else number_cell(f"{row.seeds} × {row.splits}", row.seeds)
    runs = f"{len(row.runs)} run" + ("" if len(row.runs) == 1 else "s")
    where = f"records/{slug(board_name(board.dataset))}.html#{row_id(board, place)}"
    exact = "not printed" if reported and row.low is None else f"{number(row.value)} {interval(row)}"
    skill = "-" if row.skill is None else f"{row.skill:.2f}"
    return (
        number_cell("-" if row.rank is None else str(row.rank), row.rank),
        Cell(row.method, href=row_page(row, methods), small=recipe or cited(row.source)),
        number_cell(value(row), row.value, small=span(row)),
        *([number_cell(skill, row.skill)] if skilled else []),
        *([Cell(badge(row))] if badges else []),
        number_cell(short_cost(row), row.parameters),
        *([number_cell(ranks(row), row.rank_low)] if places else []),
        number_cell(exact, row.low),
        Cell(row.regime or "-"),
        Cell(row.modality or "-"),
        Cell(row.backbone or "-"),
        Cell(row.pretrained_on or "-"),
        Cell(pretext_text(row.pretext)),
        *(number_cell(number(row.secondary.get(name)), row.secondary.get(name)) for name in metrics),
        splits,
        number_cell(f"{row.scored}/{board.samples}", row.scored / board.samples if board.samples else None),
        number_cell(count(row.parameters), row.parameters),
        number_cell(number(row.gflops, 2), row.gflops),
        number_cell(number(row.latency_ms, 3), row.latency_ms),
        Cell(row.device or "-"),
        Cell(runs, href=where) if row.runs else Cell("see below" if row.source else "-"),
    )


def _short(parameters: int | None) -> str:
    if parameters is None:
        return ""
    for size, letter in ((1_000_000, " M"), (1_000, " k")):
        if parameters >= size:
            return f"{parameters / size:.3g}{letter} params"
    return f"{parameters} params"


def _milliseconds(row: Row) -> str:
    return "" if row.latency_ms is None else f"{row.latency_ms:.2g} ms"
