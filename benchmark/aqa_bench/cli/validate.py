"""``aqa-bench validate``: judge submissions as the check of pull requests does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import TerminalProgress, emit, say

__all__ = ["EXAMPLES", "validate_paths"]

EXAMPLES = (
    "Examples:  aqa-bench validate submissions --base origin/main --comment comment.md  |  "
    "aqa-bench validate submissions/pose-trainer/bicep-curl/pose-tdm methods/pose_tdm --json"
)


def validate_paths(
    paths: Annotated[list[Path], typer.Argument(help="Submissions, parts of them, folders of methods.")],
    base: Annotated[
        str | None, typer.Option(help="What was accepted before: a folder, a checkout or a git revision.")
    ] = None,
    comment: Annotated[
        Path | None, typer.Option(help="Write the comparison with the best earlier rows here (Markdown).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check submissions; exit 1 where a rule does not hold.

    Runs are scored again where the labels are there, and checked against themselves, the cards and earlier
    runs otherwise; the answer says which.
    """
    from aqa_bench.boards.submission.checks import validate
    from aqa_bench.core.files import write_atomic

    result, text = validate(
        paths, base=base, comment=comment is not None, progress=TerminalProgress(quiet=as_json)
    )
    if comment is not None:
        verdict = "Every check holds." if result.ok else f"{len(result.problems)} problems were found."
        summary = _summary(len(result.rescored), result.consistency_only)
        write_atomic(comment, f"{text}\n{verdict} {summary}\n")
    if as_json:
        emit(result.model_dump())
    else:
        for problem in result.problems:
            typer.echo(
                f"{problem.path}\n  rule: {problem.rule}\n"
                f"  expected: {problem.expected}\n  found: {problem.found}",
                err=True,
            )
        for path, why in result.consistency_only.items():
            say(f"consistency only: {path} ({why})")
        for name in result.conformance:
            say(f"has to pass: python -m pytest tests/test_conformance.py -k {name}")
        unchanged = f"; {result.unchanged} unchanged" if result.unchanged else ""
        say(
            f"{_summary(len(result.rescored), result.consistency_only)}{unchanged}; "
            f"{len(result.problems)} problems"
        )
    if not result.ok:
        raise typer.Exit(1)


def _summary(rescored: int, unscored: dict[str, str]) -> str:
    return f"{rescored} runs scored again, {len(unscored)} checked for consistency only"
