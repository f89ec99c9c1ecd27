"""``aqa-bench new``: the folder of a new method or dataset, ready to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Json
from aqa_bench.cli.output import emit, say

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Start a method or a dataset from a working skeleton.")

_Name = Annotated[str, typer.Argument(help="Its id: lower case, words joined by hyphens.")]
_Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        help="Checkout to write to. Default: the current one; an installed aqa-bench writes a package, "
        "NAME/ in the current folder.",
    ),
]


@app.command(epilog="Example:  aqa-bench new method my-idea")
def method(name: _Name, root: _Root = None, as_json: Json = False) -> None:
    """Write methods/NAME/: three files, a method that passes the conformance suite as it is."""
    _create("methods", name, root, as_json)


@app.command(epilog="Example:  aqa-bench new dataset my-squats")
def dataset(name: _Name, root: _Root = None, as_json: Json = False) -> None:
    """Write datasets/NAME/ and its test: a tiny in-memory dataset that every command works on."""
    _create("datasets", name, root, as_json)


def _create(kind: str, name: str, root: Path | None, as_json: bool) -> None:
    from aqa_bench.cli.scaffold import create

    written = create(kind, name, root)
    if as_json:
        emit({"written": [path.as_posix() for path in written]})
        return
    here = Path.cwd()
    for path in written:
        say(f"written: {(path.relative_to(here) if path.is_relative_to(here) else path).as_posix()}")
    package = next((path.parent for path in written if path.name == "pyproject.toml"), None)
    if package is None:
        say(f"Next: docs/adding-a-{kind.removesuffix('s')}.md")
    else:
        # An installed benchmark has no documentation beside it.
        shown = package.relative_to(here) if package.is_relative_to(here) else package
        say(f"Next: pip install -e {shown.as_posix()}, then aqa-bench list {kind}")
