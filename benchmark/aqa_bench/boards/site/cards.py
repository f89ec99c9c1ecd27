"""What the registry and the boards say of methods and datasets, as data for their pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.boards.model import Board, DatasetBoards, Row, board_name
from aqa_bench.boards.pages.render import RANKS, interval, metric_name, number, pretext_text, ranks
from aqa_bench.boards.site.board_view import OWN_TASK, board_id, board_page, row_kind
from aqa_bench.boards.site.forest import Band, Forest, Mark, Scale
from aqa_bench.boards.site.index_view import main_boards
from aqa_bench.boards.site.tables import Cell, Column, Line, Table, number_cell
from aqa_bench.boards.site.words import dataset_name, entry_name, recipe_name, span, task_name, value
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import RecipeError
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import read_recipes
from aqa_bench.core.record import RowKind
from aqa_bench.core.registry import oracle_with

__all__ = [
    "Fact",
    "commands",
    "cost_fact",
    "first_paragraph",
    "measured_methods",
    "method_facts",
    "method_results",
    "method_skills",
    "readme",
    "recipes_table",
    "results_table",
    "skill_forest",
    "skill_mark",
    "spread",
    "tasks_table",
]


@dataclass(frozen=True)
class Fact:
    """A name and what is known of it."""

    name: str
    text: str


def measured_methods(boards: Sequence[DatasetBoards], ensembles: Collection[str]) -> set[str]:
    """Methods of all measured rows but those of ensembles, which have pages of their own."""
    measured = (row for _, row in _rows(boards) if row.kind is RowKind.MEASURED)
    return {row.method for row in measured if entry_name(row) not in ensembles}


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
        *([Fact("oracle", "on generated data, if it reads exact " + ", ".join(exact))] if exact else []),
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


def method_results(method: str, boards: Sequence[DatasetBoards], *, main: bool) -> Table | None:
    """Every measured row of a method; None where there is none.

    Args:
        method: Id of the method.
        boards: All boards.
        main: On the protocol that is shown first of each task, or on all others.
    """
    shown = [
        board
        for each in boards
        for first, *others in main_boards(each).values()
        for board in ([first] if main else others)
    ]
    rows = [
        (board, row)
        for board in shown
        for row in board.rows
        if row.method == method and row.kind is RowKind.MEASURED
    ]
    name = "results" if main else "others"
    return results_table(rows, f"Results of {method}{'' if main else ', other protocols'}", name=name)


def results_table(
    rows: Sequence[tuple[Board, Row]], caption: str, *, name: str = "results", named: bool = False
) -> Table | None:
    """Rows with the boards that they stand on; None where there is none.

    Args:
        rows: Rows and their boards.
        caption: The table's caption.
        name: Its anchor.
        named: Whether rows are of several methods, so that each bears its method's name.
    """
    lines = [Line(_result(board, row, named=named), row_kind(row)) for board, row in rows]
    columns = (
        Column("method" if named else "recipe"),
        Column("board"),
        Column("metric"),
        Column("value", True, "mean over seeds and repeats, and its 95% interval"),
        Column("floor", True),
        Column("skill", True, "(value - floor) / (1 - floor): 0 is the floor, 1 a perfect score"),
        Column("rank", True, RANKS),
        Column("ranks", True, "places that the row may have; sorted by the best", more=True),
        Column("exact value", True, "sorted by the interval's lower end", more=True),
        Column("seeds", True, more=True),
        OWN_TASK,
    )
    return Table.of(name, caption, columns, lines, names=1) if lines else None


def method_skills(method: str, boards: Sequence[DatasetBoards]) -> Forest | None:
    """Skill of a method on the first board of each task, each at its own floor; None where there is none.

    Skill puts boards with other metrics and floors on one axis: 0 is the floor, 1 a perfect score.
    """
    scale = Scale(-0.5, 1.02)
    marks = []
    for each in boards:
        for board, *_ in main_boards(each).values():
            rows = [
                r for r in board.rows if r.method == method and r.kind is RowKind.MEASURED and not r.control
            ]
            where = f"{task_name(board.dataset, board.task)}, {dataset_name(board.dataset)}"
            href = f"{board_page(board.dataset)}#{board_id(board)}"
            marks += [
                skill_mark(board, row, scale, where, recipe_name(row), href)
                for row in rows
                if row.skill is not None
            ]
    return skill_forest((("Boards", tuple(marks)),), scale) if marks else None


def skill_forest(groups: Sequence[tuple[str, tuple[Mark, ...]]], scale: Scale) -> Forest:
    """Marks of :func:`skill_mark` over the floor, which is 0."""
    bands = (Band("0: the floor", "floor", scale.at(0.0), scale.at(0.0), 0.0),)
    return Forest("Skill", tuple(groups), bands, tuple(scale.ticks()))


def first_paragraph(text: str) -> str:
    """The first paragraph of a card under its heading: the idea in a few sentences.

    >>> first_paragraph("# cvcspc\\n\\nFrames of two videos\\nattract.\\n\\nSource: a paper.")
    'Frames of two videos\\nattract.'
    """
    parts = [part.strip() for part in text.split("\n\n")]
    return next((part for part in parts if part and not part.startswith(("#", "|", "`", "-", "!"))), "")


def cost_fact(method: str, boards: Sequence[DatasetBoards]) -> list[Fact]:
    """What the method's runs cost, from the rows that say it; empty where none does."""
    rows = [row for _, row in _rows(boards) if row.method == method and row.kind is RowKind.MEASURED]
    told = [
        spread([row.parameters for row in rows if row.parameters is not None], "parameters", ",.0f"),
        spread([row.gflops for row in rows if row.gflops is not None], "GFLOPs per sample", ".2g"),
        spread([row.latency_ms for row in rows if row.latency_ms is not None], "ms per sample", ".2g"),
    ]
    found = "; ".join(filter(None, told))
    return [Fact("costs", f"{found}, over its recipes and boards")] if found else []


def spread(values: Sequence[float], unit: str, form: str) -> str:
    """Numbers as their range, with a unit; empty where there is none."""
    if not values:
        return ""
    low, high = (format(end, form) for end in (min(values), max(values)))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def commands(plugin: MethodPlugin, boards: Sequence[DatasetBoards]) -> str:
    """How to run a method on a dataset that it has results on, else on one that it can be run on."""
    method = plugin.card.id
    measured = [board.dataset for board, row in _rows(boards) if row.method == method and not row.oracle]
    dataset = measured[0] if measured else "synthetic-gym/backsquat"
    return f"aqa-bench run --method {method} --dataset {dataset}\naqa-bench runs"


def skill_mark(board: Board, row: Row, scale: Scale, name: str, recipe: str, href: str) -> Mark:
    """A row's skill with its interval, under this name."""

    def skill(value: float | None) -> float | None:
        if value is None or board.floor is None or board.floor >= 1:
            return None
        return (value - board.floor) / (1 - board.floor)

    low, at, high = (None if v is None else scale.at(v) for v in map(skill, (row.low, row.value, row.high)))
    return Mark(
        name=name,
        recipe=recipe,
        href=href,
        kind=row_kind(row),
        at=at,
        low=low,
        high=high,
        text="-" if row.skill is None else f"{row.skill:.2f}",
        span=f"{metric_name(board.primary)} {value(row)}",
    )


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


def _result(board: Board, row: Row, *, named: bool) -> tuple[Cell, ...]:
    return (
        Cell(entry_name(row) if named else recipe_name(row)),
        Cell(
            task_name(board.dataset, board.task),
            href=f"{board_page(board.dataset)}#{board_id(board)}",
            note=_shown(board),
            small=f"{dataset_name(board.dataset)}, {board.scheme}",
        ),
        Cell(metric_name(board.primary)),
        number_cell(value(row), row.value, small=span(row)),
        number_cell("-" if board.floor is None else f"{board.floor:.2f}", board.floor),
        number_cell("-" if row.skill is None else f"{row.skill:.2f}", row.skill),
        number_cell("-" if row.rank is None else str(row.rank), row.rank),
        number_cell(ranks(row), row.rank_low),
        number_cell(f"{number(row.value)} {interval(row)}", row.low),
        number_cell(str(row.seeds), row.seeds),
        Cell(pretext_text(row.pretext)),
    )


def _shown(board: Board) -> str:
    return "" if board.honest else "shows test labels"
