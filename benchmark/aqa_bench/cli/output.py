"""What the command line prints: one JSON document, or text for people."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection
from typing import Any

import typer

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import pretty_json

__all__ = ["TerminalProgress", "emit", "note", "number", "report_error", "say", "table"]


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


class TerminalProgress:
    """Progress on stderr: a rich bar with an ETA on a terminal, a plain line now and then elsewhere.

    Args:
        quiet: Whether to show nothing, e.g. beside ``--json`` in a script.
    """

    _LINE_EVERY_S = 10.0

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet or bool(os.environ.get("AQA_BENCH_QUIET"))
        self._bar: Any = None
        self._task: Any = None
        self._name, self._done, self._said = "", 0, 0.0
        self._total: int | None = None

    def start(self, task: str, total: int | None = None) -> None:
        """Begin a task; one that was under way is ended."""
        self.close()
        self._name, self._done, self._total, self._said = task, 0, total, time.monotonic()
        if self._quiet or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        name, figures = (
            TextColumn(f"{{task.{n}}}", markup=False) for n in ("description", "fields[figures]")
        )
        columns = (name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), figures)
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(task, total=total, figures="")
        self._bar.start()

    def advance(self, steps: int = 1, **fields: object) -> None:
        """Report steps done and figures beside them."""
        self._done += steps
        figures = " ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in fields.items()
        )
        if self._bar is not None:
            self._bar.update(self._task, advance=steps, figures=figures)
        elif not self._quiet and time.monotonic() - self._said > self._LINE_EVERY_S:
            self._said = time.monotonic()
            total = "" if self._total is None else f"/{self._total}"
            typer.echo(f"{self._name}: {self._done}{total} {figures}".rstrip(), err=True)

    def close(self) -> None:
        """End the task."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = None
