"""How long work reports its progress, whoever shows it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["NullProgress", "Progress"]


class Progress(Protocol):
    """A progress display. Only one task is under way at a time."""

    def start(self, task: str, total: int | None = None) -> None:
        """Begin a task of ``total`` steps (None: unknown)."""
        ...

    def advance(self, steps: int = 1, **fields: object) -> None:
        """Report steps done and figures to show beside them, e.g. ``loss=0.31``."""
        ...

    def close(self) -> None:
        """End the task."""
        ...


class NullProgress:
    """Shows nothing."""

    def start(self, task: str, total: int | None = None) -> None:
        """Do nothing."""

    def advance(self, steps: int = 1, **fields: object) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
