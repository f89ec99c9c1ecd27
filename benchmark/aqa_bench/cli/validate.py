"""``aqa-bench validate``: judge submissions as the check of pull requests does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

__all__ = ["EXAMPLES", "validate_paths"]

EXAMPLES = (
    "Examples:  aqa-bench validate submissions --base origin/main --comment comment.md  |  "
    "aqa-bench validate submissions/pose-trainer/bicep-curl/pose-tdm methods/pose_tdm --json"
)


def validate_paths(
    paths: Annotated[list[Path], typer.Argument(help="Submissions, parts of them, or folders of methods.")],
    base: Annotated[
        str | None, typer.Option(help="What was accepted before: a folder, a checkout or a git revision.")
    ] = None,
    comment: Annotated[
        Path | None, typer.Option(help="Write the comparison with the best earlier rows here (Markdown).")
    ] = None,
    require_labels: Annotated[
        bool,
        typer.Option(
            "--require-labels", help="Treat a run that cannot be rescored as a problem, as in pull requests."
        ),
    ] = False,
    unavailable: Annotated[
        list[str] | None,
        typer.Option(help="Family of datasets that is not available this time: its runs are unchecked."),
    ] = None,
    submitter: Annotated[
        str | None, typer.Option(help="Account that submits the runs; new runs must name it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check submissions; exit 1 if a rule is broken. Runs are rescored if the labels are available.
    Otherwise they are checked against themselves, the cards and earlier runs. The output says which."""
    from aqa_bench.boards.submission.checks import Terms, validate
    from aqa_bench.core.files import write_atomic
    from aqa_bench.protocol.worker.recipes import check_values

    result, text = validate(
        paths,
        base=base,
        terms=Terms(require_labels, frozenset(unavailable or ()), submitter, recipes=check_values),
        comment=comment is not None,
        progress=TerminalProgress(quiet=as_json),
    )
    if comment is not None:
        verdict = "All checks passed." if result.ok else f"{len(result.problems)} problems were found."
        summary = _summary(len(result.rescored), result.consistency_only)
        told = [f"{verdict} {summary}", *_unchecked(result.unchecked), result.compared.told()]
        write_atomic(comment, text + "\n" + "\n\n".join(told) + "\n")
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
            say(f"{'unchecked' if path in result.unchecked else 'consistency only'}: {path} ({why})")
        for reason, count in Counter(result.by_structure.values()).items():
            say(f"hyper-parameters by structure only: {count} runs ({reason})")
        for name in result.conformance:
            say(f"must pass: python -m pytest tests/test_conformance.py -k {name}")
        unchanged = f"; {result.unchanged} unchanged" if result.unchanged else ""
        say(
            f"{_summary(len(result.rescored), result.consistency_only)}{unchanged}; "
            f"{len(result.problems)} problems"
        )
        say(result.compared.told())
    if not result.ok:
        raise typer.Exit(1)


def _summary(rescored: int, unscored: dict[str, str]) -> str:
    return f"{rescored} runs rescored, {len(unscored)} checked only for consistency"


def _unchecked(runs: dict[str, str]) -> list[str]:
    if not runs:
        return []
    return [f"{len(runs)} runs are unchecked: their metrics were not recomputed, so they are not ranked."]
