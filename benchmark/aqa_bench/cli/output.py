"""What the command line prints: one JSON document, or text for people."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Collection, Iterable
from functools import partial
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
    """Print a table: on a terminal folded between words to its width, elsewhere one line per row.

    Where not even the longest words fit side by side, each row becomes a block of lines.

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
    terminal = sys.stdout.isatty()
    console = Console(highlight=False, markup=False)
    words = [_longest(cells, word=True) for cells in zip(header, *rows, strict=True)]
    if terminal and sum(words) + 3 * len(words) > console.width:
        return _blocks(header, rows, console.width)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, cells, width in zip(header, zip(header, *rows, strict=True), words, strict=True):
        drawn.add_column(name, min_width=width if terminal else _longest(cells))
    for place, row in enumerate(rows):
        drawn.add_row(*row, style="bold" if place in bold else None)
    if terminal:
        return console.print(drawn)
    wide = Console(width=sum(_longest(cells) + 3 for cells in zip(header, *rows, strict=True)), markup=False)
    with wide.capture() as captured:
        wide.print(drawn, crop=False, no_wrap=True)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    # The rule is as long as the names: padding for one long cell helps nobody.
    rule = next((place for place, line in enumerate(lines) if line and not line.strip("─ ")), None)
    if rule:
        lines[rule] = lines[rule][: len(lines[rule - 1])]
    return say("\n".join(lines))


def _longest(cells: Iterable[str], *, word: bool = False) -> int:
    from rich.cells import cell_len

    parts = (part for cell in cells for part in (cell.split() if word else cell.splitlines()))
    return max(map(cell_len, parts), default=0)


def _blocks(header: list[str], rows: list[list[str]], width: int) -> None:
    fold = partial(textwrap.fill, width=width, break_long_words=False, break_on_hyphens=False)
    for row in rows:
        say(row[0])
        for name, cell in zip(header[1:], row[1:], strict=True):
            say(fold(f"{name}: {cell}", initial_indent="  ", subsequent_indent="    "))
