"""A board with own rows in it, as the terminal shows it and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aqa_bench.cli.output import say, table

if TYPE_CHECKING:
    from aqa_bench.front.standings import Line, Standings

__all__ = ["show_standings", "standings_document"]


def show_standings(board: Standings) -> None:
    """Print the lines of a board, best first and in bold, with the floor in its place."""
    from aqa_bench.front.words import interval, number

    lines, best = board.lines, board.best
    rows = [
        [
            "-" if line.rank is None else str(line.rank),
            line.name,
            number(line.value) + ("*" if line is best else ""),
            interval(line.low, line.high) or "-",
            number(line.skill),
            str(line.seeds),
            f"{line.origin}, {line.badge}" if line.badge else line.origin.value,
        ]
        for line in lines
    ]
    bold = [place for place, line in enumerate(lines) if line is best]
    if board.floor is not None:
        place = _below(board)
        rows.insert(place, ["-", "the floor", number(board.floor), "-", number(0.0), "-", "floor"])
        bold = [at + (at >= place) for at in bold]
    where = f"board {board.version}" if board.version else "no board"
    title = f"{board.dataset}, {board.task} (scheme {board.scheme}; {where})"
    table(["rank", "row", board.metric, "95% interval", "skill", "seeds", "from"], rows, title, bold)
    for line in lines:
        if line.why_unranked and line.origin == "own":
            say(f"{line.name} has no rank: {line.why_unranked}")


def _below(board: Standings) -> int:
    """Where the floor stands: above the first row that does not reach it, below it, or has no rank."""
    sign = 1 if board.higher_is_better else -1
    for place, line in enumerate(board.lines):
        value = line.value
        if value is None or board.floor is None or sign * value < sign * board.floor:
            return place
    return len(board.lines)


def standings_document(board: Standings) -> dict[str, Any]:
    """The lines of a board as plain JSON."""
    return {
        "dataset": board.dataset,
        "task": board.task,
        "scheme": board.scheme,
        "metric": board.metric,
        "floor": board.floor,
        "board": board.version or None,
        "rows": [_row(line) | {"best": line is board.best} for line in board.lines],
    }


def _row(line: Line) -> dict[str, Any]:
    names = (
        "rank", "rank_low", "rank_high", "why_unranked", "method", "recipe", "variant", "value", "low",
        "high", "skill", "seeds", "scored", "control", "badge", "origin", "runs",
    )  # fmt: skip
    return {name: getattr(line, name) for name in names}
