"""``aqa-bench claims``: what the runs say of the papers' claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, say, table
from aqa_bench.cli.progress import TerminalProgress

__all__ = ["EXAMPLES", "judge"]

EXAMPLES = (
    "Examples:  aqa-bench claims  |  aqa-bench claims observation-3 table-3c  |  "
    "aqa-bench claims --submissions submissions --submissions runs --json"
)

_ALL = "all"


def judge(
    claims: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CLAIM]...", help="Claims to show in detail (comparisons, runs and commands), or all."
        ),
    ] = None,
    submissions: Annotated[
        list[Path] | None, typer.Option(help="Folder of runs; repeatable. Default: submissions.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Preset of the twin's data. Default: for each claim, the first with runs."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Test the papers' claims on the twin and on real data: confirmed, refuted, undecided or no runs."""
    from aqa_bench.boards.building.claims import current_claims
    from aqa_bench.boards.claims.model import claim_file
    from aqa_bench.boards.claims.pages import HEADER, claim_details, summary

    named = list(claims or ())
    wanted = {claim_file().claim(name).id for name in named if name != _ALL}
    report = current_claims(
        submissions or [Path("submissions")], preset=preset, progress=TerminalProgress(quiet=as_json)
    )
    shown = [claim for claim in report.claims if not wanted or _ALL in named or claim.id in wanted]
    if as_json:
        return emit(report.model_copy(update={"claims": tuple(shown)}).model_dump(mode="json"))
    if not named:
        table(list(HEADER), [summary(claim) for claim in shown])
        return say(
            f"Only runs of protocol {report.version} count. aqa-bench claims CLAIM shows comparisons, runs, "
            "and commands for what is missing."
        )
    for claim in shown:
        say(f"{claim.id}")
        for paragraph, lines in claim_details(claim):
            say(paragraph)
            if lines:
                header, *rows = (list(line) for line in lines)
                table(header, rows)
        say()
    return None
