"""How far a piece of work is, and when it will be done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from aqa_bench.cli.forecast import duration

__all__ = ["Pace"]

_SAMPLES = 60
_SAMPLE_EVERY_S = 1.0


class Pace:
    """Steps done over time.

    Args:
        name: What is done.
        total: Its steps; None where nobody knows.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self, name: str, total: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name, self.total, self.done, self.figures = name, total, 0, ""
        self._clock = clock
        self._began = clock()
        # Recent steps alone: what was taken over at the start took no time.
        self._samples = deque([(self._began, 0)], _SAMPLES)
        self._latest = self._began, 0

    def advance(self, steps: int, figures: str = "") -> None:
        """Count steps.

        Args:
            steps: How many.
            figures: What is shown beside them.
        """
        self.done += steps
        self.figures = figures
        self._latest = now, _ = self._clock(), self.done
        if now - self._samples[-1][0] >= _SAMPLE_EVERY_S:
            self._samples.append(self._latest)

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._began

    def left(self) -> float | None:
        """Seconds until the end at the recent pace; None as long as nothing is known of it."""
        (first, before), (last, done) = self._samples[0], self._latest
        if self.total is None or done <= before or last <= first:
            return None
        due = (self.total - done) * (last - first) / (done - before)
        return max(0.0, due - (self._clock() - last))

    def line(self) -> str:
        """What, how far, how long so far and how long still, for a log."""
        far = f"{self.done}/{self.total}" if self.total is not None else f"{self.done}" if self.done else ""
        left = self.left()
        times = [duration(self.elapsed())] if self.elapsed() >= 1 else []
        times += [] if left is None else [f"about {duration(left)} left"]
        facts = ", ".join(part for part in (far, *times, self.figures) if part)
        return f"{self.name}: {facts}" if facts else self.name
