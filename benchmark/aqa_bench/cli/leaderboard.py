"""``aqa-bench leaderboard``: show the tables, build them from submissions, check them, or write a site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.cli import board
from aqa_bench.cli.options import Json, Leaderboards, Submissions
from aqa_bench.cli.output import emit, say
from aqa_bench.cli.progress import TerminalProgress

__all__ = ["app"]

Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Processes that score; the tables are the same.")]

app = typer.Typer(
    help="Show the leaderboards, build them from submissions, check them, or write them as a site.",
    no_args_is_help=True,
)
app.command("show", epilog=board.EXAMPLES)(board.show_board)


@app.command(epilog="Examples:  aqa-bench leaderboard build  |  aqa-bench leaderboard build --as-of v2")
def build(
    submissions: Submissions = Path("submissions"),
    leaderboards: Leaderboards = Path("leaderboards"),
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Version to rebuild, only from the runs in its lock.")
    ] = None,
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Rescore every submission and write leaderboards/<version>/<dataset>/."""
    from aqa_bench.boards.building.leaderboard import build as build_boards
    from aqa_bench.boards.receipts import REMEDY

    report = build_boards(submissions, leaderboards, TerminalProgress(quiet=as_json), as_of=as_of, jobs=jobs)
    if as_json:
        uncounted = [problem.model_dump() for problem in report.uncounted]
        found = {"written": report.written, "kept": report.kept, "claims_kept": report.claims_kept}
        emit(found | {"uncounted": uncounted})
        return
    for folder in report.written:
        say(f"written: {folder}")
    for name, why in report.kept.items():
        say(f"kept as committed, new rows unchecked: {name} ({why})")
    if report.claims_kept:
        say(f"kept as committed: the claims ({report.claims_kept})")
    for bad in report.uncounted:
        say(
            f"a receipt does not count: {bad.path}\n  rule: {bad.rule}\n"
            f"  expected: {bad.expected}\n  found: {bad.found}\n  what to do: {REMEDY}"
        )


@app.command(epilog="Example:  aqa-bench leaderboard check --json")
def check(
    submissions: Submissions = Path("submissions"),
    leaderboards: Leaderboards = Path("leaderboards"),
    base: Annotated[
        Path | None,
        typer.Option(help="Previously accepted leaderboards; a table without labels must follow from them."),
    ] = None,
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Recompute every number in the tables from the predictions; exit 1 if one differs."""
    from aqa_bench.boards.building.leaderboard import check as check_boards

    report = check_boards(submissions, leaderboards, TerminalProgress(quiet=as_json), jobs=jobs, base=base)
    if as_json:
        emit(
            {
                "ok": report.ok,
                "rescored": report.rescored,
                "unscored": report.unscored,
                "problems": [problem.model_dump() for problem in report.problems],
            }
        )
    else:
        for problem in report.problems:
            typer.echo(
                f"{problem.path}\n  rule: {problem.rule}\n"
                f"  expected: {problem.expected}\n  found: {problem.found}",
                err=True,
            )
        for name, why in report.unscored.items():
            say(f"consistency only: {name} ({why})")
        say(f"{report.rescored} runs rescored, {len(report.problems)} problems")
    if not report.ok:
        raise typer.Exit(1)


@app.command(epilog="Example:  aqa-bench leaderboard migrate submissions/pose-trainer")
def migrate(
    runs: Annotated[
        list[Path], typer.Argument(help="Runs of an earlier protocol, or folders that contain them.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of submissions.")] = Path("submissions"),
    leaderboards: Leaderboards = Path("leaderboards"),
    as_json: Json = False,
) -> None:
    """Copy runs of an earlier protocol to their places under the current one. Predictions and numbers do
    not change. If the current protocol refuses a run, nothing is copied."""
    from aqa_bench.boards.runs import run_folders
    from aqa_bench.boards.submission.migration import migrate as migrate_runs
    from aqa_bench.core.record import read_record
    from aqa_bench.protocol.worker.recipes import check_values

    earlier: list[Path] = []
    for path in dict.fromkeys(runs):
        inside = [folder for folder in run_folders(path).values() if folder != path]
        # Those of the current protocol in a tree are passed over; one that is named is refused.
        earlier += [run for run in inside if read_record(run).benchmark_version != BENCHMARK_VERSION]
        earlier += [] if inside else [path]
    progress = TerminalProgress(quiet=as_json)
    packed = migrate_runs(earlier, out, leaderboards, progress, recipes=check_values)
    if as_json:
        emit([{"path": item.path.as_posix(), "added": item.added} for item in packed])
        return
    for item in packed:
        say(f"{'added' if item.added else 'already there'}: {item.path.as_posix()}")


@app.command(epilog="Example:  aqa-bench leaderboard close v1")
def close(
    version: Annotated[str, typer.Argument(help="An earlier version.")],
    leaderboards: Leaderboards = Path("leaderboards"),
    as_json: Json = False,
) -> None:
    """Close an earlier version: its tables never change again, and leaderboard check verifies that."""
    from aqa_bench.boards.closed import close_version

    files = close_version(leaderboards, version)
    if as_json:
        emit({"version": version, "files": files})
    else:
        say(f"closed: {leaderboards / version} ({files} files)")


@app.command(epilog="Example:  aqa-bench leaderboard site --out site")
def site(
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the site; an earlier site is replaced.")
    ] = Path("site"),
    submissions: Submissions = Path("submissions"),
    leaderboards: Leaderboards = Path("leaderboards"),
    docs: Annotated[Path, typer.Option(help="Folder with protocol.md.")] = Path("docs"),
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Version to show. Default: the current one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the leaderboards as a static site that needs no server and no network."""
    from aqa_bench.boards.site import build_site

    report = build_site(
        submissions,
        leaderboards,
        out,
        docs=docs,
        version=as_of or BENCHMARK_VERSION,
        progress=TerminalProgress(quiet=as_json),
    )
    if as_json:
        emit({"folder": report.folder, "pages": report.pages, "boards": report.boards})
    else:
        say(f"written: {report.folder}/index.html ({report.pages} pages, {report.boards} boards)")
