"""``aqa-bench table``: the papers' tables beside our numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json, Leaderboards, Submissions
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

__all__ = ["EXAMPLES", "make_table"]

EXAMPLES = "Examples:  aqa-bench table all  |  aqa-bench table 2  |  aqa-bench table anomaly --json"

_ALL = "all"


def make_table(
    name: Annotated[str, typer.Argument(help="all, or a table's id (aqa-bench list tables).")],
    submissions: Submissions = Path("submissions"),
    leaderboards: Leaderboards = Path("leaderboards"),
    as_json: Json = False,
) -> None:
    """Write leaderboards/papers: printed numbers next to measured ones. A single table is also printed."""
    from aqa_bench.boards.building.papers import build_papers
    from aqa_bench.boards.papers.tables import TABLES, paper_markdown

    names = list(TABLES) if name == _ALL else [name]
    report = build_papers(names, submissions, leaderboards, TerminalProgress(quiet=as_json))
    if name == _ALL:
        if as_json:
            return emit({"written": list(report.files), "tables": list(report.tables)})
        for file in report.files:
            say(f"written: {file}")
        for left in [table for table in names if table not in report.tables]:
            say(f"skipped, because no runs were submitted: {left}")
        return None
    table = report.tables[name]
    return emit(table.model_dump(mode="json")) if as_json else say(paper_markdown(table))
