"""Boards as text: pure functions of ``table.json``, so that the same data give the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from aqa_bench.boards.model import Board, DatasetBoards, PretextSuccess, Row, Standing
from aqa_bench.boards.pages.escape import markdown_text, spreadsheet_cell
from aqa_bench.boards.receipts import RULE
from aqa_bench.core.files import pretty_json
from aqa_bench.core.record import RowKind

__all__ = [
    "RANKS",
    "SECONDARY",
    "as_csv",
    "as_json",
    "as_markdown",
    "badge",
    "board_cells",
    "board_csv",
    "board_table",
    "count",
    "interval",
    "markdown_table",
    "metric_name",
    "number",
    "pretext_text",
    "ranks",
    "rule_of",
    "shown_metrics",
    "text_columns",
]

SECONDARY = ("f1", "f1_good", "balanced_accuracy", "auroc", "ap", "mcc")
"""Metrics printed beside the primary one; the CSV and JSON files hold all."""

_SHOWN = 4
_TEXTS = frozenset({"method", "recipe", "regime", "backbone", "pre-trained on", "own task", "kind", "badge"})
RANKS = (
    "Ranks are the places that a row may have, for all rows at once with 95% confidence. A "
    "rank group is a leader and all rows that this test set cannot separate from it (sign "
    "flips of whole groups, all pairs at once: docs/rank-groups.md)."
)
"""What ranks and rank groups mean, on every board."""
_OWN_TASK = "Own task: success on the pretext task on held-out clips, before → after pre-training."
_ORACLES = (
    "Oracle: it reads data about the judged samples that only the generator has. Such a method has no rank. "
    "A control that does so keeps its rank, because methods have to beat it anyway."
)
_MARKS = "Controls (floors and shortcuts that a method has to beat) are in *italics*."
_METRIC_NAMES = {
    "f1": "F1",
    "f1_good": "F1 (good)",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced acc.",
    "mcc": "MCC",
    "precision": "precision",
    "recall": "recall",
    "ap": "AP",
    "auroc": "AUROC",
    "spearman": "Spearman",
    "spearman_within": "Spearman within strata",
    "r_l2": "R-l2 (x100)",
    "mae": "MAE",
}


def as_json(boards: DatasetBoards) -> str:
    """``table.json``."""
    return pretty_json(boards.model_dump(mode="json"))


def as_csv(boards: DatasetBoards) -> str:
    """``table.csv``: one line per row of every board, metrics in columns."""
    return board_csv(boards.boards)


def board_csv(boards: Sequence[Board]) -> str:
    """Boards as CSV: one line per row, metrics in columns."""
    metrics = sorted({name for board in boards for name in _metrics(board)})
    lines = [_flat(board, row) for board in boards for row in board.rows]
    facts = [name for name in dict.fromkeys(name for line in lines for name in line) if name not in metrics]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [*facts, *metrics], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: spreadsheet_cell(cell) for name, cell in line.items()} for line in lines)
    return buffer.getvalue()


def as_markdown(boards: DatasetBoards) -> str:
    """``table.md``: one section per board."""
    parts = [
        f"# {boards.dataset}: leaderboard {boards.version}\n",
        f"{RANKS} {_MARKS} Brackets hold 95% intervals (BCa bootstrap over groups and seeds). "
        f"{rule_of(boards)}"
        "Rebuild: `aqa-bench leaderboard build`; check: `aqa-bench leaderboard check`.\n",
    ]
    for board in boards.boards:
        parts += [f"## {board.task}, scheme `{board.scheme}`\n", _facts(board), board_table(board)]
        sources = sorted({row.source for row in board.rows if row.source})
        parts += [f"Reported rows: {' '.join(sources)}\n"] if sources else []
    return "\n".join(parts)


def board_table(board: Board, metrics: Sequence[str] = SECONDARY) -> str:
    """The rows of one board as a Markdown table.

    Args:
        board: The board.
        metrics: Secondary metrics to show where the board has them.
    """
    header, lines = board_cells(board, metrics)
    texts = text_columns(header)
    for row, line in zip(board.rows, lines, strict=True):
        for place in texts:
            line[place] = markdown_text(line[place])
        line[1] = f"*{line[1]}*" if row.control or row.oracle else line[1]
    drawn = markdown_table(header, lines, texts)
    return drawn + "".join(f"\n- {note}" for note in _notes(board)) + "\n"


def board_cells(board: Board, metrics: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of one board as plain texts. Args as :func:`board_table`."""
    shown = shown_metrics(board, metrics)
    header = ["rank", "method", "recipe", metric_name(board.primary), "95% interval", "skill"]
    # Boards of closed versions have groups alone.
    intervals = any(row.rank_low is not None for row in board.rows)
    header += ["ranks"] if intervals else []
    header += [*map(metric_name, shown), "seeds x splits", "scored", "regime", "backbone", "pre-trained on"]
    # A column of its own only where a method of the board has such a task.
    pretexts = any(row.pretext for row in board.rows)
    header += ["own task"] if pretexts else []
    header += ["parameters", "GFLOPs", "ms/sample", "kind"]
    badges = any(row.standing is not None for row in board.rows)
    header += ["badge"] if badges else []
    lines = []
    for row in board.rows:
        recipe = f"{row.recipe} ({row.variant})" if row.variant else row.recipe
        lines.append(
            [
                "-" if row.rank is None else str(row.rank),
                row.method,
                recipe,
                number(row.value),
                interval(row),
                number(row.skill),
                *([ranks(row)] if intervals else []),
                *(number(row.secondary.get(name)) for name in shown),
                "-" if row.kind is RowKind.REPORTED else f"{row.seeds} x {row.splits}",
                f"{row.scored}/{board.samples}",
                row.regime or "-",
                row.backbone or "-",
                row.pretrained_on or "-",
                *([pretext_text(row.pretext)] if pretexts else []),
                count(row.parameters),
                number(row.gflops, 2),
                number(row.latency_ms, 3),
                row.kind.value,
                *([badge(row)] if badges else []),
            ]
        )
    return header, lines


def badge(row: Row) -> str:
    """The row's badge; ``-`` where it has none."""
    return ", ".join(["oracle"] * bool(row.oracle) + [_standing(row)]).removesuffix(", -")


def _standing(row: Row) -> str:
    if row.standing is Standing.REPRODUCED:
        return f"reproduced ({row.reproduced} of {row.seeds} seed{'s' * (row.seeds != 1)})"
    return "-" if row.standing is None else row.standing.value


def rule_of(boards: DatasetBoards) -> str:
    """The rule of the badges and a space, where there are badges."""
    there = any(row.standing is not None for board in boards.boards for row in board.rows)
    return f"{RULE} " if there else ""


def text_columns(header: Sequence[str]) -> tuple[int, ...]:
    """Places of the columns of :func:`board_cells` that hold text rather than numbers."""
    return tuple(i for i, name in enumerate(header) if name in _TEXTS)


def markdown_table(
    header: Sequence[str], lines: Sequence[Sequence[str]], texts: Sequence[int] = (1, 2)
) -> str:
    """A Markdown table with aligned columns: texts to the left, numbers to the right."""
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    rule = ["-" * width if i in texts else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    rows = [
        [
            cell.ljust(width) if i in texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in [header, *lines]
    ]
    rows.insert(1, rule)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _facts(board: Board) -> str:
    sizes = f"{board.samples} samples" + ("" if board.positive is None else f", {board.positive} errors")
    sizes += f", {board.groups} groups"
    floor = "none" if board.floor is None else number(board.floor)
    warning = (
        ""
        if board.honest
        else " **This protocol shows test labels to the method; its rows are never ranked.**"
    )
    return (
        f"{board.question} {board.rule}{warning}\n\n"
        f"Primary metric: {metric_name(board.primary)}. Trivial floor: {floor}. Tested: {sizes}.\n"
    )


def _notes(board: Board) -> list[str]:
    notes = {
        f"{markdown_text(row.method)} is not ranked: {row.why_unranked}."
        for row in board.rows
        if row.why_unranked
    }
    oracles = any(row.oracle for row in board.rows)
    pretexts = any(row.pretext for row in board.rows)
    return [*([_OWN_TASK] if pretexts else []), *([_ORACLES] if oracles else []), *sorted(notes)]


def _metrics(board: Board) -> set[str]:
    return {name for row in board.rows for name in row.secondary} | {board.primary}


def shown_metrics(board: Board, metrics: Sequence[str]) -> list[str]:
    """Those of ``metrics`` that the board has beside its primary one, then its measures of scores."""
    there = _metrics(board) - {board.primary}
    return [name for name in (*metrics, "spearman_within", "r_l2", "mae") if name in there]


def metric_name(metric: str) -> str:
    """A metric's name in a table's head.

    >>> metric_name("balanced_accuracy@0.5")
    'balanced acc.@0.5'
    """
    base, at, threshold = metric.partition("@")
    return _METRIC_NAMES.get(base, base) + at + threshold


def number(value: float | None, digits: int = _SHOWN) -> str:
    """A number of a table; ``-`` where there is none, and no minus before zero.

    >>> number(-0.00004), number(-0.00006), number(None)
    ('0.0000', '-0.0001', '-')
    """
    return "-" if value is None else f"{value:z.{digits}f}"


def interval(row: Row) -> str:
    """The row's 95% interval; ``-`` where there is none."""
    return "-" if row.low is None or row.high is None else f"[{number(row.low)}, {number(row.high)}]"


def ranks(row: Row) -> str:
    """The row's interval of ranks, ``2`` or ``1-4``; ``-`` where it has none."""
    if row.rank_low is None or row.rank_high is None:
        return "-"
    return str(row.rank_low) if row.rank_low == row.rank_high else f"{row.rank_low}-{row.rank_high}"


def pretext_text(successes: Sequence[PretextSuccess]) -> str:
    """Success of pre-training at its own tasks, before and after; ``-`` where there is none.

    >>> pretext_text([PretextSuccess(task="triplets", before=0.52, after=0.81, chance=0.5)])
    'triplets 0.52 → 0.81 (chance 0.50)'
    """
    return "; ".join(map(_success, successes)) or "-"


def _success(success: PretextSuccess) -> str:
    before = "" if success.before is None else f"{success.before:z.2f} → "
    chance = "" if success.chance is None else f" (chance {success.chance:.2f})"
    return f"{success.task} {before}{success.after:z.2f}{chance}"


def count(value: int | None) -> str:
    """A number of things, with commas."""
    return "-" if value is None else f"{value:,}"


def _flat(board: Board, row: Row) -> dict[str, object]:
    facts = row.model_dump(mode="json", exclude={"secondary", "pretext", "runs"})
    place = {"dataset": board.dataset, "task": board.task, "scheme": board.scheme}
    about = {
        "primary": board.primary,
        "floor": board.floor,
        "samples": board.samples,
        "pretext": pretext_text(row.pretext) if row.pretext else "",
        "runs": " ".join(row.runs),
    }
    return {**place, **facts, **about, **row.secondary, board.primary: row.value}
