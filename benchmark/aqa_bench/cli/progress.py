"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING

import typer

from aqa_bench.cli.pace import Pace

if TYPE_CHECKING:
    from aqa_bench.cli.bar import Bar

__all__ = ["TerminalProgress"]


class TerminalProgress:
    """A bar on a terminal; elsewhere a line at the start, and one at regular times, reports or none.

    Args:
        quiet: Whether to show nothing, e.g. beside ``--json`` in a script.
        every_s: Seconds between two lines. Work that has a new name is named after a fifth of that.
    """

    def __init__(self, *, quiet: bool = False, every_s: float = 10.0) -> None:
        self._quiet = quiet or bool(os.environ.get("AQA_BENCH_QUIET"))
        self._every_s = every_s
        # Threads that decode report beside the one that waits for a worker.
        self._lock = RLock()
        self._pace: Pace | None = None
        self._bar: Bar | None = None
        self._over: Event | None = None
        self._ticker: Thread | None = None
        self._said = -float("inf")
        self._named: str | None = None

    def start(self, task: str, total: int | None = None) -> None:
        """Begin a task; one that was under way is ended."""
        with self._lock:
            self._pace = Pace(task, total)
            if self._quiet:
                return
            if self._bar is None and self._over is None:
                self._open()
            if self._bar is not None:
                self._bar.show(self._pace)
            else:
                self._say_if_due(at_once=True)

    def advance(self, steps: int = 1, **fields: object) -> None:
        """Report steps done and figures beside them."""
        figures = " ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in fields.items()
        )
        with self._lock:
            if self._pace is None:
                return
            self._pace.advance(steps, figures or self._pace.figures)
            if self._bar is not None:
                self._bar.show(self._pace)

    def close(self) -> None:
        """End the task."""
        with self._lock:
            self._pace = None
            bar, self._bar = self._bar, None
            over, self._over = self._over, None
            ticker, self._ticker = self._ticker, None
        if bar is not None:
            bar.stop()
        if over is not None and ticker is not None:
            over.set()
            ticker.join()

    def _open(self) -> None:
        if sys.stderr.isatty():
            from aqa_bench.cli.bar import Bar

            self._bar = Bar()
            return
        self._over = Event()
        self._ticker = Thread(target=self._tick, args=(self._over,), name="progress", daemon=True)
        self._ticker.start()

    def _tick(self, over: Event) -> None:
        while not over.wait(min(0.5, self._every_s / 10)):
            with self._lock:
                if over is self._over:
                    self._say_if_due()

    def _say_if_due(self, *, at_once: bool = False) -> None:
        pace, now = self._pace, time.monotonic()
        if pace is None:
            return
        soon = self._every_s / 5
        fresh = pace.name != self._named and (at_once or pace.elapsed() >= soon) and now - self._said >= soon
        if fresh or now - self._said >= self._every_s:
            self._said, self._named = now, pace.name
            typer.echo(pace.line(), err=True)
