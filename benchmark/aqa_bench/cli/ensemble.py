"""``aqa-bench ensemble``: a new run from members' predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Force, Json, Out
from aqa_bench.cli.output import emit
from aqa_bench.cli.run import run_document, show_run

__all__ = ["EXAMPLES", "make_ensemble"]

EXAMPLES = "Example:  aqa-bench ensemble runs/.../md/1f0c... runs/.../cvcspc/9ab2..."


def make_ensemble(
    members: Annotated[list[Path], typer.Argument(help="Folders of two or more runs.")],
    out: Out = Path("runs"),
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Average the scores of runs and tune the thresholds again on val."""
    from aqa_bench.protocol.ensemble import combine

    outcome = combine(members, out, force=force)
    if as_json:
        emit(run_document(outcome))
    else:
        show_run(outcome)
