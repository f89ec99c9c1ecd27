"""``aqa-bench runs``: one's own runs beside the floors and the boards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.completion import complete_dataset, complete_task
from aqa_bench.cli.options import Json, SubmissionsHere
from aqa_bench.cli.output import emit, note, say
from aqa_bench.cli.standings import show_standings, standings_document

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
    submissions: SubmissionsHere = None,
    as_json: Json = False,
) -> None:
    """Rank your own runs with the rows of their boards and the floor, best first. Runs that differ only
    in the seed form one row."""
    from aqa_bench.front.local_runs import local_standings

    found = local_standings(folders or [Path("runs")], dataset, task, submissions)
    for folder, why in found.left_out.items():
        note(f"skipped: {folder}: {why}")
    if as_json:
        left = [{"path": folder, "why": why} for folder, why in found.left_out.items()]
        return emit({"boards": [standings_document(board) for board in found.boards], "left_out": left})
    for board in found.boards:
        show_standings(board)
    if not found.boards:
        say("no runs")
    return None
