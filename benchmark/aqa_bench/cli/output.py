"""What the command line prints: one JSON document, or text for people."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

import typer

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import pretty_json

__all__ = ["emit", "note", "number", "report_error", "say", "table"]


def emit(document: Any) -> None:
    """Print one JSON document on stdout."""
    typer.echo(pretty_json(document), nl=False)


def say(text: str = "") -> None:
    """Print a line for people on stdout."""
    typer.echo(text)


def note(text: str) -> None:
    """Print a line for people on stderr, beside an answer on stdout."""
    typer.echo(text, err=True)


def report_error(error: AqaBenchError) -> None:
    """Print an error as one block on stderr."""
    typer.echo(f"error: {error}", err=True)


def number(value: float | None, digits: int = 4) -> str:
    """A number for people; ``-`` where there is none."""
    return "-" if value is None else f"{value:z.{digits}f}"


def table(
    header: list[str], rows: list[list[str]], title: str | None = None, bold: Collection[int] = ()
) -> None:
    """Print a table: drawn on a terminal, plain and unwrapped elsewhere.

    Args:
        header: Names of the columns.
        rows: Cells of each row.
        title: A line above it.
        bold: Rows that a terminal shows in bold.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if title:
        say(title)
    drawn = Table(*header, box=box.SIMPLE_HEAD, pad_edge=False)
    for place, row in enumerate(rows):
        drawn.add_row(*row, style="bold" if place in bold else None)
    width = None if sys.stdout.isatty() else max(400, 40 * len(header))
    Console(width=width, highlight=False, markup=False).print(
        drawn, crop=False, no_wrap=not sys.stdout.isatty()
    )
