"""Boards as text: pure functions of ``table.json``, so that the same data give the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from aqa_bench.boards.model import Board, DatasetBoards, Row
from aqa_bench.core.files import pretty_json
from aqa_bench.core.record import RowKind

__all__ = ["as_csv", "as_json", "as_markdown", "board_table", "markdown_table"]

_SHOWN = 4
_TIES = (
    "Methods of one rank group cannot be told apart by this test set (paired bootstrap, Holm-corrected, 5%)."
)
_MARKS = "Controls, the floors and shortcuts that a method has to beat, are in *italics*."
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
    "r_l2": "R-l2 (x100)",
    "mae": "MAE",
}


def as_json(boards: DatasetBoards) -> str:
    """``table.json``."""
    return pretty_json(boards.model_dump(mode="json"))


def as_csv(boards: DatasetBoards) -> str:
    """``table.csv``: one line a row of every board, metrics in columns."""
    metrics = sorted({name for board in boards.boards for name in _metrics(board)})
    lines = [_flat(board, row) for board in boards.boards for row in board.rows]
    facts = [name for name in (lines[0] if lines else {}) if name not in metrics]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [*facts, *metrics], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if cell is None else cell for name, cell in line.items()} for line in lines)
    return buffer.getvalue()


def as_markdown(boards: DatasetBoards) -> str:
    """``table.md``: a section a board."""
    parts = [
        f"# {boards.dataset}: leaderboard {boards.version}\n",
        f"{_TIES} {_MARKS} Brackets hold 95% intervals (bootstrap over groups and seeds). "
        "Rebuild: `aqa-bench leaderboard build`; check: `aqa-bench leaderboard check`.\n",
    ]
    for board in boards.boards:
        parts += [f"## {board.task}, scheme `{board.scheme}`\n", _facts(board), board_table(board)]
        sources = sorted({row.source for row in board.rows if row.source})
        parts += [f"Reported rows: {' '.join(sources)}\n"] if sources else []
    return "\n".join(parts)


def board_table(
    board: Board, metrics: Sequence[str] = ("f1", "f1_good", "balanced_accuracy", "auroc", "ap", "mcc")
) -> str:
    """The rows of one board as a Markdown table.

    Args:
        board: The board.
        metrics: Secondary metrics to show where the board has them.
    """
    shown = [name for name in (*metrics, "r_l2", "mae") if name != board.primary and name in _metrics(board)]
    header = ["rank", "method", "recipe", _name(board.primary), "95% interval", "skill", *map(_name, shown)]
    header += ["seeds x splits", "scored", "parameters", "kind"]
    lines = []
    for row in board.rows:
        method = f"*{row.method}*" if row.control else row.method
        recipe = f"{row.recipe} ({row.variant})" if row.variant else row.recipe
        lines.append(
            [
                "-" if row.rank is None else str(row.rank),
                method,
                recipe,
                _number(row.value),
                _interval(row),
                _number(row.skill),
                *(_number(row.secondary.get(name)) for name in shown),
                "-" if row.kind is RowKind.REPORTED else f"{row.seeds} x {row.splits}",
                f"{row.scored}/{board.samples}",
                _count(row.parameters),
                row.kind.value,
            ]
        )
    return markdown_table(header, lines) + "".join(f"\n- {note}" for note in _notes(board)) + "\n"


def markdown_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns; the first two columns are text, the rest numbers."""
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    rule = ["-" * width if i in (1, 2) else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    rows = [
        [
            cell.ljust(width) if i in (1, 2) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in [header, *lines]
    ]
    rows.insert(1, rule)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _facts(board: Board) -> str:
    sizes = f"{board.samples} samples" + ("" if board.positive is None else f", {board.positive} errors")
    sizes += f", {board.groups} groups"
    floor = "none" if board.floor is None else _number(board.floor)
    warning = (
        ""
        if board.honest
        else " **This protocol shows test labels to the method; its rows are never ranked.**"
    )
    return (
        f"{board.question} {board.rule}{warning}\n\n"
        f"Primary metric: {_name(board.primary)}. Trivial floor: {floor}. Tested: {sizes}.\n"
    )


def _notes(board: Board) -> list[str]:
    notes = {f"{row.method} is not ranked: {row.why_unranked}." for row in board.rows if row.why_unranked}
    return sorted(notes)


def _metrics(board: Board) -> set[str]:
    return {name for row in board.rows for name in row.secondary} | {board.primary}


def _name(metric: str) -> str:
    base, at, threshold = metric.partition("@")
    return _METRIC_NAMES.get(base, base) + at + threshold


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.{_SHOWN}f}"


def _interval(row: Row) -> str:
    return "-" if row.low is None or row.high is None else f"[{row.low:.{_SHOWN}f}, {row.high:.{_SHOWN}f}]"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _flat(board: Board, row: Row) -> dict[str, object]:
    facts = row.model_dump(mode="json", exclude={"secondary", "runs"})
    place = {"dataset": board.dataset, "task": board.task, "scheme": board.scheme}
    about = {
        "primary": board.primary,
        "floor": board.floor,
        "samples": board.samples,
        "runs": " ".join(row.runs),
    }
    return {**place, **facts, **about, **row.secondary, board.primary: row.value}
