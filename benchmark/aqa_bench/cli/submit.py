"""``aqa-bench submit``: pack runs for a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

__all__ = ["EXAMPLES", "submit_runs"]

EXAMPLES = "Example:  aqa-bench submit runs/pose-trainer/bicep-curl/pose-tdm/* --as my-account"


def submit_runs(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of submissions.")] = Path("submissions"),
    submitter: Annotated[
        str | None, typer.Option("--as", help="Your GitHub account; the pull request must come from it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy run.json and predictions.csv of runs, and nothing else, to submissions/. Runs that do not
    validate are refused; a file may have at most 10 MiB. Labels and media never leave your machine."""
    from aqa_bench.boards.submission.pack import pack
    from aqa_bench.protocol.worker.recipes import check_values

    progress = TerminalProgress(quiet=as_json)
    packed = pack(runs, out, progress, submitter=submitter, recipes=check_values)
    if as_json:
        emit([{"path": item.path.as_posix(), "added": item.added} for item in packed])
        return
    for item in packed:
        say(f"{'added' if item.added else 'already there'}: {item.path.as_posix()}")
    say("Next: aqa-bench leaderboard build, then a pull request with submissions/ and leaderboards/.")
