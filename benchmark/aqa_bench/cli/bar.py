"""The bar that a terminal shows of work under way."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from aqa_bench.cli.forecast import duration
from aqa_bench.cli.pace import Pace

__all__ = ["Bar"]


class Bar:
    """One line on stderr: what, how far, and how long still. It moves while nothing is reported, too."""

    def __init__(self) -> None:
        name = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True))
        self._shown = Progress(
            name, BarColumn(20), _Facts(), console=Console(stderr=True), transient=True, expand=True
        )
        self._shown.start()

    def show(self, pace: Pace) -> None:
        """Show how far the work is; another piece of work takes the line over."""
        task = next(iter(self._shown.tasks), None)
        if task is None or task.fields["pace"] is not pace:
            if task is not None:
                self._shown.remove_task(task.id)
            self._shown.add_task(escape(pace.name), total=pace.total, completed=pace.done, pace=pace)
        else:
            self._shown.update(task.id, completed=pace.done)

    def stop(self) -> None:
        """Take the line away."""
        self._shown.stop()


class _Facts(ProgressColumn):
    """Steps, time and figures, kept on one line."""

    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        pace: Pace = task.fields["pace"]
        left = pace.left()
        far = "" if pace.total is None else f"{pace.done}/{pace.total}"
        when = duration(round(pace.elapsed())) if left is None else f"{duration(round(left))} left"
        return Text("  ".join(part for part in (far, when, pace.figures) if part))
