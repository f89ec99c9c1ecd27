"""``aqa-bench runs``: one's own runs beside the floors and the boards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.completion import complete_dataset, complete_task
from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, note, say, table

if TYPE_CHECKING:
    from aqa_bench.front.standings import Line, Standings

__all__ = ["EXAMPLES", "list_runs"]

EXAMPLES = "Examples:  aqa-bench runs  |  aqa-bench runs runs old/runs --dataset pose-trainer/bicep-curl"


def list_runs(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders with runs, at any depth. Default: runs.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(autocompletion=complete_dataset, help="Only this dataset.")
    ] = None,
    task: Annotated[str | None, typer.Option(autocompletion=complete_task, help="Only this task.")] = None,
    submissions: Annotated[
        Path | None, typer.Option(help="Folder of submitted runs. Default: submissions, or the checkout's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one's own runs among the rows of their boards, with the floor, best first.

    Runs that differ in the seed alone are one row.
    """
    from aqa_bench.front.local_runs import local_standings

    found = local_standings(folders or [Path("runs")], dataset, task, submissions)
    for folder, why in found.left_out.items():
        note(f"left out: {folder}: {why}")
    if as_json:
        left = [{"path": folder, "why": why} for folder, why in found.left_out.items()]
        return emit({"boards": [_document(board) for board in found.boards], "left_out": left})
    for board in found.boards:
        _show(board)
    if not found.boards:
        say("no runs")
    return None


def _show(board: Standings) -> None:
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
    where = f"board {board.version}" if board.version else "no board here"
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


def _document(board: Standings) -> dict[str, Any]:
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
