"""Dots and intervals as data for a template: inline, so that they take the page's colours and its width."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.pages.render import metric_name
from aqa_bench.boards.site.names import row_page
from aqa_bench.boards.site.story import parts_of
from aqa_bench.boards.site.words import cited, guessing, recipe_name, span, value

__all__ = ["Band", "Forest", "Mark", "Scale", "forest_of"]

_MOST = 40
"""Rows drawn of each part of a board."""


@dataclass(frozen=True)
class Scale:
    """Values as per cent of the width between two ends."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Where a value lies, cut off at the ends."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)

    def ticks(self) -> list[tuple[float, str]]:
        """Places and texts of about five round values."""
        step = next(s for s in (0.05, 0.1, 0.2, 0.25, 0.5) if (self.high - self.low) / s <= 6.5)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [(self.at(i * step), f"{i * step:.2g}") for i in range(first, last + 1)]


@dataclass(frozen=True)
class Mark:
    """One line: a name, a dot and an interval.

    Attributes:
        name: Method.
        recipe: Its recipe.
        href: Page of the method; empty where there is none.
        kind: ``method``, ``control``, ``oracle`` or ``reported``.
        at: Per cent of the dot; None where the value lies outside.
        low: Per cent of the interval's lower end, or None.
        high: And of its upper end.
        text: Value as text.
        span: Interval as text.
    """

    name: str
    recipe: str
    href: str
    kind: str
    at: float | None
    low: float | None
    high: float | None
    text: str
    span: str


@dataclass(frozen=True)
class Band:
    """What is drawn behind all lines.

    Attributes:
        name: What it is.
        kind: ``floor`` or ``control``.
        at: Per cent of its line.
        low: Per cent of its interval's lower end; ``at`` where it has none.
        width: Per cent of its interval.
    """

    name: str
    kind: str
    at: float
    low: float
    width: float


@dataclass(frozen=True)
class Forest:
    """A plot of dots and intervals.

    Attributes:
        metric: Name of the axis.
        groups: Headings and their lines.
        bands: Floor and best control.
        ticks: Per cent and text.
    """

    metric: str
    groups: tuple[tuple[str, tuple[Mark, ...]], ...]
    bands: tuple[Band, ...]
    ticks: tuple[tuple[float, str], ...]

    @property
    def bounded(self) -> bool:
        """Whether any line has an interval."""
        return any(mark.low is not None for _, marks in self.groups for mark in marks)


def forest_of(board: Board, methods: Collection[str], most: int | None = None) -> Forest | None:
    """Draw a board; None where no row has a value.

    Args:
        board: The board.
        methods: Methods and ensembles that have a page.
        most: Only the first entries, without controls and oracles.
    """
    parts = parts_of(board)
    drawn = [("Entries", "method", parts.entries[: most or _MOST])]
    if most is None:
        drawn += [
            ("Controls", "control", parts.controls[:_MOST]),
            ("Oracles", "oracle", parts.oracles[:_MOST]),
            ("Reported, not re-scored", "reported", parts.reported[:_MOST]),
        ]
    valued = [(head, kind, [r for r in rows if r.value is not None]) for head, kind, rows in drawn]
    valued = [group for group in valued if group[2]]
    if not valued:
        return None
    scale = _scale(board, [row for _, _, rows in valued for row in rows])
    marks = [(head, tuple(_mark(row, kind, scale, methods) for row in rows)) for head, kind, rows in valued]
    return Forest(
        metric_name(board.primary),
        tuple(marks),
        tuple(_bands(board, parts.controls, scale)),
        tuple(scale.ticks()),
    )


def _scale(board: Board, rows: Sequence[Row]) -> Scale:
    ends = [end for row in rows for end in (row.low, row.high, row.value) if end is not None]
    ends += [] if board.floor is None else [board.floor]
    if board.floor is not None and board.higher_is_better:
        # Rows far below guessing would squeeze the rest; they are cut off at the edge.
        near = board.floor - 0.35
        ends = [max(end, near) for end in ends]
    low, high = floor(20 * min(ends) - 0.2) / 20, ceil(20 * max(ends) + 0.2) / 20
    return Scale(low, min(high, 1.02) if max(ends) <= 1 else high)


def _mark(row: Row, kind: str, scale: Scale, methods: Collection[str]) -> Mark:
    recipe = recipe_name(row) or cited(row.source)
    inside = row.value is not None and scale.low <= row.value <= scale.high
    bounded = inside and row.low is not None and row.high is not None
    return Mark(
        name=row.method,
        recipe=recipe,
        href=row_page(row, methods),
        kind=kind,
        at=scale.at(row.value) if inside and row.value is not None else None,
        low=scale.at(row.low) if bounded and row.low is not None else None,
        high=scale.at(row.high) if bounded and row.high is not None else None,
        text=value(row),
        span=span(row),
    )


def _bands(board: Board, controls: Iterable[Row], scale: Scale) -> Iterable[Band]:
    ranked = [row for row in controls if row.value is not None]
    if board.floor is not None:
        same = next((r for r in ranked if r.value is not None and abs(r.value - board.floor) < 1e-6), None)
        yield _band(f"floor: {guessing(board.primary)}, {board.floor:.2f}", "floor", board.floor, same, scale)
    best = ranked[0] if ranked else None
    above = board.floor is None or (best is not None and abs((best.value or 0.0) - board.floor) > 1e-6)
    if best is not None and best.value is not None and above:
        yield _band(f"best control: {best.method}, {value(best)}", "control", best.value, best, scale)


def _band(name: str, kind: str, at: float, row: Row | None, scale: Scale) -> Band:
    low = high = at
    if row is not None and row.low is not None and row.high is not None:
        low, high = row.low, row.high
    return Band(name, kind, scale.at(at), scale.at(low), round(scale.at(high) - scale.at(low), 2))
