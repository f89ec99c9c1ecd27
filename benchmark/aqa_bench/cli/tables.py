"""``aqa-bench table``: the papers' tables beside our numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json, Submissions
from aqa_bench.cli.output import emit, say

__all__ = ["EXAMPLES", "print_table"]

EXAMPLES = "Example:  aqa-bench table anomaly"


def print_table(
    name: Annotated[str, typer.Argument(help="Table id (aqa-bench list tables).")],
    submissions: Submissions = Path("submissions"),
    as_json: Json = False,
) -> None:
    """Print one of the source documents' comparisons, computed from submissions."""
    from aqa_bench.boards.papers import paper_table

    document = paper_table(name, submissions)
    if as_json:
        emit(document.model_dump(mode="json"))
    else:
        say(document.to_markdown())
