"""The command line: ``aqa-bench VERB``.

Only what ``--help`` needs is imported at start-up; each verb imports the rest when it runs.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from aqa_bench import BENCHMARK_VERSION, __version__
from aqa_bench.cli import (
    assess,
    claims,
    compare,
    dataset,
    detector,
    doctor,
    ensemble,
    evaluate,
    explain,
    features,
    leaderboard,
    listing,
    method,
    new,
    predict,
    reproduce,
    retrieve,
    run,
    runs,
    score,
    serve,
    submit,
    suite,
    tables,
    validate,
)
from aqa_bench.cli.completion import whole_words
from aqa_bench.cli.output import report_error
from aqa_bench.core.blame import plugin_place
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.extras import missing_extra

__all__ = ["app", "main"]

# Typer brings its own copy of click since 0.26; its public names lead to the classes in either case.
_WRONG_USAGE: type[Exception] = typer.BadParameter.__mro__[2]


class _Interrupted(Exception):  # noqa: N818 - what happened, which is no error
    """Ctrl-C, on its way past Typer, some versions of which make an exit code of it and lose its notes."""


class _Verbs(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise _Interrupted from stop


app = typer.Typer(
    name="aqa-bench",
    cls=_Verbs,
    help="The open benchmark for action quality assessment: how well do people move?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Drawing the help with rich would take longer than everything else at start-up.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list", epilog=listing.EXAMPLES)(listing.list_things)
app.add_typer(dataset.app, name="dataset")
app.add_typer(method.app, name="method")
app.command("run", epilog=run.EXAMPLES)(run.run_method)
app.command("runs", epilog=runs.EXAMPLES)(runs.list_runs)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.evaluate_scores)
app.add_typer(suite.app, name="suite")
app.command("predict", epilog=predict.EXAMPLES)(predict.predict)
app.command("score", epilog=score.EXAMPLES)(score.score_runs)
app.command("compare", epilog=compare.EXAMPLES)(compare.compare_runs)
app.command("ensemble", epilog=ensemble.EXAMPLES)(ensemble.make_ensemble)
app.command("reproduce", epilog=reproduce.EXAMPLES)(reproduce.reproduce_runs)
app.command("retrieve", epilog=retrieve.EXAMPLES)(retrieve.retrieve_frames)
app.command("explain", epilog=explain.EXAMPLES)(explain.explain_method)
app.command("assess", epilog=assess.EXAMPLES)(assess.assess_clip)
app.add_typer(leaderboard.app, name="leaderboard")
app.add_typer(detector.app, name="detector")
app.add_typer(features.app, name="features")
app.command("table", epilog=tables.EXAMPLES)(tables.make_table)
app.command("claims", epilog=claims.EXAMPLES)(claims.judge)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve_coach)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.see_doctor)
app.command("submit", epilog=submit.EXAMPLES)(submit.submit_runs)
app.command("validate", epilog=validate.EXAMPLES)(validate.validate_paths)
app.add_typer(new.app, name="new")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"aqa-bench {__version__}, protocol {BENCHMARK_VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and debug messages.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Never open a socket.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    if offline:
        os.environ["AQA_BENCH_OFFLINE"] = "1"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Arguments without the program's name; by default those of the process.

    Returns:
        0 done; 1 the work failed or a check did not hold; 2 wrong usage; 130 interrupted.
    """
    given = sys.argv[1:] if arguments is None else arguments
    # Python has no stream where the shell closed it (>&-).
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open as long as the process
    try:
        code = app(args=given, prog_name="aqa-bench", standalone_mode=False, obj=whole_words())
    except AqaBenchError as error:
        if "--debug" in given:
            raise
        report_error(error)
        return error.exit_code
    except _WRONG_USAGE as error:
        wrong: Any = error
        wrong.show()
        return int(wrong.exit_code)
    except (_Interrupted, typer.Abort, KeyboardInterrupt) as stop:
        # What was kept is noted on the first.
        notes = getattr(stop.__cause__ or stop, "__notes__", ())
        typer.echo("interrupted", err=True)
        for line in notes or ["Finished parts are kept; the same command continues from there."]:
            typer.echo(line, err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        if "--debug" in given:
            raise
        said = _unexpected(error)
        report_error(said)
        return said.exit_code
    return code if isinstance(code, int) else 0


def _unexpected(error: Exception) -> AqaBenchError:
    if (missing := missing_extra(error)) is not None:
        return missing
    if isinstance(error, OSError):
        return AqaBenchError(
            "A file could not be read or written.",
            where=error.filename,
            found=error.strerror or str(error),
            remedy="Check the path, its permissions and the free space.",
        )
    if (place := plugin_place(error)) is not None:
        return AqaBenchError(
            "A plug-in failed.",
            where=place,
            found=f"{type(error).__name__}: {error}",
            remedy="Correct the plug-in. For the traceback, run aqa-bench --debug VERB ...",
        )
    return AqaBenchError(
        "An unexpected error occurred.",
        found=f"{type(error).__name__}: {error}",
        remedy="For the traceback, run aqa-bench --debug VERB ...; please report it as a bug.",
    )


if __name__ == "__main__":
    sys.exit(main())
