"""Errors with one anatomy: what failed, where, what was expected, what was found, what to do."""

from __future__ import annotations

from pathlib import Path

__all__ = ["AqaBenchError", "DataError", "MethodError", "RecipeError", "UsageError"]


class AqaBenchError(Exception):
    """A failure that a person can act on.

    Args:
        what: One sentence that says what failed.
        where: The file, folder, option or id concerned.
        expected: What a good input looks like.
        found: What was there instead.
        remedy: What the reader can do about it.

    Attributes:
        exit_code: Process exit status of the command line (1: the work failed, 2: wrong usage).
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | Path | None = None,
        expected: object | None = None,
        found: object | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.expected = None if expected is None else str(expected)
        self.found = None if found is None else str(found)
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        fields = (
            ("where", self.where),
            ("expected", self.expected),
            ("found", self.found),
            ("what to do", self.remedy),
        )
        return "\n".join([self.what, *(f"  {name}: {text}" for name, text in fields if text)])

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling between processes.
        return (_rebuild, (type(self), self.what, self.where, self.expected, self.found, self.remedy))


def _rebuild(
    kind: type[AqaBenchError],
    what: str,
    where: str | None,
    expected: str | None,
    found: str | None,
    remedy: str | None,
) -> AqaBenchError:
    return kind(what, where=where, expected=expected, found=found, remedy=remedy)


class UsageError(AqaBenchError):
    """The request itself is wrong: an unknown id, option or value."""

    exit_code = 2


class DataError(AqaBenchError):
    """A file of a dataset or of a run is missing, damaged or not what its format says."""


class RecipeError(UsageError):
    """A recipe, or one of its keys or values, does not exist or does not fit."""


class MethodError(AqaBenchError):
    """A method broke its contract with the runner."""
