"""What the registry and the boards say of methods and datasets, as data for their pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.boards.model import Board, DatasetBoards, Row, board_name
from aqa_bench.boards.pages.render import interval, metric_name, number, pretext_text, ranks
from aqa_bench.boards.site.board_view import OWN_TASK, board_id, board_page, row_kind
from aqa_bench.boards.site.tables import Cell, Column, Line, Table, number_cell
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import RecipeError
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import read_recipes
from aqa_bench.core.record import RowKind
from aqa_bench.core.registry import oracle_with

__all__ = [
    "Fact",
    "measured_methods",
    "method_facts",
    "method_results",
    "readme",
    "recipes_table",
    "tasks_table",
]


@dataclass(frozen=True)
class Fact:
    """A name and what is known of it."""

    name: str
    text: str


def measured_methods(boards: Sequence[DatasetBoards]) -> set[str]:
    """Methods of all measured rows."""
    return {row.method for _, row in _rows(boards) if row.kind is RowKind.MEASURED}


def readme(folder: Path) -> str:
    """The ``README.md`` of a plug-in's folder; empty where it ships none."""
    try:
        return (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def method_facts(plugin: MethodPlugin) -> list[Fact]:
    """The card of a method, for people."""
    card = plugin.card
    needs = [*sorted(card.needs), *([f"one of {', '.join(sorted(card.one_of))}"] if card.one_of else [])]
    exact = oracle_with(card)
    return [
        Fact("id", f"{card.id}, version {card.version}"),
        Fact("source", card.paper),
        Fact("looks at", card.modality),
        *([Fact("needs", "; ".join(needs))] if needs else []),
        Fact("regime", card.regime.value),
        Fact("pre-trained on", card.pretrained_on),
        Fact("decision", "threshold tuned on val" if card.decision.value == "tuned" else "its own"),
        Fact("tasks", ", ".join(sorted(card.tasks))),
        Fact("role", "control" if card.control else "contender"),
        *([Fact("oracle", "on generated data where it reads exact " + ", ".join(exact))] if exact else []),
    ]


def recipes_table(plugin: MethodPlugin) -> Table | None:
    """Recipes that a method ships; None where they cannot be read."""
    try:
        recipes = read_recipes(plugin.folder)
    except RecipeError:
        return None
    lines = [
        Line((Cell(name, note="default" if name == plugin.default_recipe else ""), Cell(each.about or "-")))
        for name, each in recipes.items()
    ]
    return Table.of("recipes", f"Recipes of {plugin.card.id}", (Column("recipe"), Column("about")), lines)


def method_results(method: str, boards: Sequence[DatasetBoards]) -> Table | None:
    """Every measured row of a method; None where there is none."""
    lines = [
        Line(_result(board, row), row_kind(row))
        for board, row in _rows(boards)
        if row.method == method and row.kind is RowKind.MEASURED
    ]
    columns = (
        Column("board"),
        Column("recipe"),
        Column("rank group", True),
        Column("ranks", True),
        Column("metric"),
        Column("value", True),
        Column("95% interval", True, "BCa bootstrap over groups and seeds; sorted by its lower end"),
        Column("floor", True),
        Column("skill", True, "(value - floor) / (1 - floor)"),
        Column("seeds", True),
        OWN_TASK,
    )
    return Table.of("results", f"Results of {method}", columns, lines) if lines else None


def tasks_table(card: DatasetCard, boards: DatasetBoards | None) -> Table:
    """Tasks of a dataset, leading to its boards where there are any."""
    page = board_page(card.id) if boards else ""
    lines = [
        Line(
            (
                Cell(task.id, href=f"{page}#{_first(task.id, boards)}" if _first(task.id, boards) else page),
                Cell(task.name),
                Cell(task.kind.value),
                Cell(task.unit.value),
                Cell(metric_name(task.primary)),
                Cell(task.description or "-"),
            )
        )
        for task in card.tasks
    ]
    columns = [Column(name) for name in ("task", "question", "kind", "unit", "primary metric", "about")]
    return Table.of(f"tasks-{board_name(card.id)}", f"Tasks of {card.id}", columns, lines)


def _first(task: str, boards: DatasetBoards | None) -> str:
    return next((board_id(board) for board in boards.boards if board.task == task), "") if boards else ""


def _rows(boards: Sequence[DatasetBoards]) -> list[tuple[Board, Row]]:
    return [(board, row) for each in boards for board in each.boards for row in board.rows]


def _result(board: Board, row: Row) -> tuple[Cell, ...]:
    where = f"{board.dataset}, {board.task}, {board.scheme}"
    return (
        Cell(where, href=f"{board_page(board.dataset)}#{board_id(board)}", note=_shown(board)),
        Cell(f"{row.recipe} ({row.variant})" if row.variant else row.recipe),
        number_cell("-" if row.rank is None else str(row.rank), row.rank),
        number_cell(ranks(row), row.rank_low),
        Cell(metric_name(board.primary)),
        number_cell(number(row.value), row.value),
        number_cell(interval(row), row.low),
        number_cell(number(board.floor), board.floor),
        number_cell(number(row.skill), row.skill),
        number_cell(str(row.seeds), row.seeds),
        Cell(pretext_text(row.pretext)),
    )


def _shown(board: Board) -> str:
    return "" if board.honest else "shows test labels"
