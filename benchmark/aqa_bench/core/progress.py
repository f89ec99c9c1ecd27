"""How long work reports its progress, whoever shows it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["NullProgress", "Part", "Progress"]


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


class Part:
    """Progress of a part of longer work: what it starts stands behind the part's name.

    Its end leads back to the whole, so that something is shown until the next task begins.

    Args:
        whole: The longer work's.
        name: What the part is called, e.g. ``cvcspc 1/3``; may be set anew.
        meanwhile: What is done while the part names no task.

    Example:
        >>> class Shown(NullProgress):
        ...     def start(self, task, total=None):
        ...         print(task)
        >>> part = Part(Shown(), "cvcspc 1/3", "fitting")
        >>> part.start("features", 24)
        cvcspc 1/3: features
        >>> part.close()
        cvcspc 1/3: fitting
    """

    def __init__(self, whole: Progress, name: str = "", meanwhile: str = "") -> None:
        self.name, self.meanwhile = name, meanwhile
        self._whole = whole

    def start(self, task: str, total: int | None = None) -> None:
        """Begin a task of the part."""
        self._whole.start(": ".join(text for text in (self.name, task) if text), total)

    def advance(self, steps: int = 1, **fields: object) -> None:
        """Report steps of the task."""
        self._whole.advance(steps, **fields)

    def close(self) -> None:
        """End the task, not the part."""
        self.start(self.meanwhile)
