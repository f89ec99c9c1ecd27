"""Results in one line of text."""

from __future__ import annotations

__all__ = ["interval", "number", "p_value", "place", "result"]


def number(value: float | None, digits: int = 3) -> str:
    """A number; ``-`` where there is none, and no minus before zero.

    >>> number(0.51333), number(-0.0001), number(None)
    ('0.513', '0.000', '-')
    """
    if value is None or value != value:
        return "-"
    return f"{round(value, digits) + 0.0:.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """An interval in brackets; empty where there is none.

    >>> interval(0.4, 0.61)
    '[0.400, 0.610]'
    """
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def result(
    task: str,
    metric: str,
    value: float | None,
    low: float | None,
    high: float | None,
    floor: float | None,
    skill: float | None,
    scored: int,
    expected: int,
) -> str:
    """A task's primary metric with its interval beside the floor.

    >>> result("form", "accuracy", 0.63, 0.52, 0.74, 0.6, 0.075, 60, 60)
    'form: accuracy 0.630 [0.520, 0.740], floor 0.600, skill 0.075, 60/60 samples'
    """
    measured = " ".join(filter(None, (metric, number(value), interval(low, high))))
    return f"{task}: {measured}, floor {number(floor)}, skill {number(skill)}, {scored}/{expected} samples"


def p_value(p: float | None) -> str:
    """A p-value; none is printed as zero.

    >>> p_value(0.0312), p_value(0.0001), p_value(None)
    ('p 0.031', 'p < 0.001', 'p -')
    """
    return "p < 0.001" if p is not None and p < 0.001 else f"p {number(p)}"


def place(rank: int | None, low: int | None, high: int | None, of: int, why: str, board: str) -> str:
    """Where a line stands on a board, or why it stands nowhere.

    Args:
        rank: Rank group.
        low: The best rank that the comparisons leave it.
        high: The worst one.
        of: Number of ranked lines, this one among them.
        why: Why it has no rank.
        board: Version of the board.

    >>> place(1, 1, 8, 9, "", "v2")
    'rank group 1, places 1 to 8 of 9 on the board v2'
    >>> place(2, 4, 4, 9, "", "v2")
    'rank group 2, place 4 of 9 on the board v2'
    """
    if rank is None:
        return f"no rank: {why}"
    span = f"place {low}" if low == high else f"places {low} to {high}"
    return f"rank group {rank}, {span} of {of} on the board {board}"
