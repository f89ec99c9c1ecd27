"""What is wrong with a release: collected, so that one bad file does not hide the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Problem", "summarise"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is not as the release's format says.

    Attributes:
        file: File concerned; ``archive.zip!member`` inside an archive, with the id where it matters.
        what: What is wrong.
        expected: What a good file has there.
        found: What was there instead.
    """

    file: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what} (expected {self.expected}; found {self.found})"


def summarise(problems: Iterable[Problem], limit: int = 3) -> list[str]:
    """Problems as sentences: at most ``limit`` of a kind in full, the rest counted.

    Args:
        problems: The problems.
        limit: Sentences for each kind of problem.

    Returns:
        One sentence a problem, or a count of those left out.
    """
    kinds: dict[str, list[Problem]] = {}
    for problem in problems:
        kinds.setdefault(problem.what, []).append(problem)
    sentences: list[str] = []
    for what, alike in kinds.items():
        sentences.extend(str(problem) for problem in alike[:limit])
        if len(alike) > limit:
            sentences.append(f"... and {len(alike) - limit} more: {what}.")
    return sentences
