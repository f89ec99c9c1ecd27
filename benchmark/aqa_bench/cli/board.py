"""``aqa-bench leaderboard show``: a board in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.completion import complete_dataset
from aqa_bench.cli.options import Json, SubmissionsHere, Tasks
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.standings import show_standings, standings_document

__all__ = ["EXAMPLES", "show_board"]

EXAMPLES = (
    "Examples:  aqa-bench leaderboard show pose-trainer/shoulder-press  |  "
    "aqa-bench leaderboard show synthetic-gym/backsquat@study --task kie --with runs/my-run --json"
)


def show_board(
    dataset: Annotated[
        str,
        typer.Argument(autocompletion=complete_dataset, help="Dataset id, with @PRESET for another preset."),
    ],
    task: Tasks = None,
    scheme: Annotated[
        str | None, typer.Option(help="Split scheme. Default: that of the runs, or the dataset's first.")
    ] = None,
    extra: Annotated[
        list[Path] | None,
        typer.Option("--with", help="Folder of your own run to rank with them; repeatable."),
    ] = None,
    submissions: SubmissionsHere = None,
    leaderboards: Annotated[
        Path | None,
        typer.Option(help="Folder of leaderboards. Default: those of the checkout, or the installed ones."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the board of a dataset, best first, with your own runs. If the labels are available here, all
    rows are rescored and ranked. Otherwise they come from the committed table."""
    from aqa_bench.core.registry import find_dataset
    from aqa_bench.front.board import standings_of

    card = find_dataset(dataset)
    boards = [
        standings_of(
            card.id,
            name,
            scheme=scheme,
            extra=tuple(extra or ()),
            submissions=submissions,
            leaderboards=leaderboards,
        )
        for name in task or [each.id for each in card.tasks]
    ]
    if as_json:
        return emit([standings_document(board) for board in boards])
    for board in boards:
        if board.lines:
            show_standings(board)
        else:
            say(f"{board.dataset}, {board.task} (scheme {board.scheme}): no board and no run yet")
    return None
