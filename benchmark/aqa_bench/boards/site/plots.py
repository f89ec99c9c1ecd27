"""Skill against cost as SVG, light and dark: the same board gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.pages.render import metric_name
from aqa_bench.boards.site.drawing import (
    COLOURS,
    FLOOR,
    GRID,
    METHOD,
    TEXT,
    Margins,
    make_axes,
    settings,
    svg,
    text,
)
from aqa_bench.boards.site.story import parts_of
from aqa_bench.boards.site.words import entry_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COST_CAPTION", "cost_plot", "pareto"]

COST_CAPTION = (
    "Value against cost: parameters, giga multiply-adds (GFLOPs) and milliseconds per sample. The line "
    "joins entries that no cheaper entry matches, named where there is room; the floor is dashed. "
    "Milliseconds are wall-clock time of prediction, as recorded by the runs: cached features shorten it, "
    "and devices differ."
)

_LEAST = 3
"""Entries with a cost that a panel needs."""
_WIDTH, _GAP = 3.4, 0.25
"""Inches of a panel and between two."""
_LETTER, _LONGEST, _LINE = 0.066, 30, 0.06
"""Inches of a letter of a name, letters of the longest one, and a line's share of a panel's height."""
_RIGHT, _WIDE = 0.08, 30.0
"""Share of the dots' width that is left free; ratio of costs from which powers of ten are ticks enough."""


class _Cost(NamedTuple):
    name: str
    of: Callable[[Row], float | int | None]


_COSTS = (
    _Cost("parameters", lambda row: row.parameters),
    _Cost("GFLOPs per sample", lambda row: row.gflops),
    _Cost("ms per sample", lambda row: row.latency_ms),
)


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of points that no point matches at the same or lower cost, cheapest first.

    Args:
        points: Cost, where less is better, and merit, where more is better.

    >>> pareto([(1.0, 0.5), (2.0, 0.4), (3.0, 0.9), (3.0, 0.8)])
    [0, 2]
    """
    front: list[int] = []
    for i in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if not front or points[i][1] > points[front[-1]][1]:
            front.append(i)
    return front


def cost_plot(board: Board) -> bytes | None:
    """Value against each cost that at least three entries have; None where there is no such cost.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    entries = [row for row in parts_of(board).entries if row.value is not None]
    panels = [
        (cost, rows)
        for cost in _COSTS
        if len(rows := [row for row in entries if (cost.of(row) or 0) > 0]) >= _LEAST
    ]
    if not panels:
        return None
    whole = len(panels) * _WIDTH + (len(panels) - 1) * _GAP
    ends = [row.value or 0.0 for row in entries] + ([] if board.floor is None else [board.floor])
    space = 0.12 * (max(ends) - min(ends)) or 0.1
    with settings():
        figure, axes = make_axes(whole, 2.5, Margins(0.6, 0.2, 0.15, 0.6))
        for side in axes.spines.values():
            side.set_visible(False)
        axes.set_xticks([])
        for i, (cost, rows) in enumerate(panels):
            panel = axes.inset_axes((i * (_WIDTH + _GAP) / whole, 0.0, _WIDTH / whole, 1.0))
            panel.set_ylim(min(ends) - space, max(ends) + 1.5 * space)
            _panel(panel, board, cost, rows, first=i == 0)
        return svg(figure)


def _panel(axes: Axes, board: Board, cost: _Cost, rows: Sequence[Row], *, first: bool) -> None:
    axes.patch.set_visible(False)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", colors=TEXT, length=0, labelleft=first)
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xlabel(cost.name)
    if first:
        axes.set_ylabel(metric_name(board.primary), parse_math=False)
    if board.floor is not None:
        axes.axhline(board.floor, color=FLOOR, linestyle=(0, (4, 3)), linewidth=1)
    sign = 1 if board.higher_is_better else -1
    points = [(float(cost.of(row) or 0), sign * (row.value or 0.0)) for row in rows]
    axes.plot(
        [x for x, _ in points],
        [sign * y for _, y in points],
        linestyle="none",
        marker="o",
        markersize=5,
        color=METHOD,
        alpha=0.9,
    )
    front = pareto(points)
    axes.plot(
        [points[i][0] for i in front],
        [sign * points[i][1] for i in front],
        color=COLOURS["method"],
        linewidth=1.2,
        drawstyle="steps-post",
    )
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    names = [entry_name(rows[i]) for i in front]
    names = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]
    # To the left of a point on the line there is none that is better, so its name has room there.
    span = log10(high / low) or 1.0
    room = max(
        (share * (1 + _RIGHT) - log10(points[i][0] / low) / span) / (1 - share)
        for i, share in zip(front, (len(name) * _LETTER / _WIDTH for name in names), strict=True)
    )
    room = max(room, _RIGHT)
    axes.set_xlim(low / 10 ** (room * span), high * 10 ** (_RIGHT * span))
    ticks = _ticks(low, high)
    axes.set_xticks(ticks, [_short(tick) for tick in ticks])
    height = axes.get_ylim()[1] - axes.get_ylim()[0]
    lift, taken = sign * 0.015 * height, list[tuple[float, float, float]]()
    # The best first: where two names would lie on each other, it keeps its own.
    for i, name in reversed(list(zip(front, names, strict=True))):
        x, y = points[i]
        end, start = log10(x), log10(x) - len(name) * _LETTER / _WIDTH * (1 + room + _RIGHT) * span
        if any(abs(y - up) < _LINE * height and start < to and from_ < end for up, from_, to in taken):
            continue
        taken.append((y, start, end))
        text(axes, x, sign * y + lift, name, ha="right", va="bottom" if sign > 0 else "top", fontsize=8)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within a range of costs, at most five; its ends where there are no two.

    >>> _ticks(9e4, 3.6e6), _ticks(0.0704, 0.0706)
    ([100000.0, 1000000.0], [0.0704, 0.0706])
    """
    parts = (1.0,) if high / low >= _WIDE else (1.0, 2.0, 5.0)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    found = [
        tick for power in powers for part in parts if low / 1.1 <= (tick := part * 10**power) <= high * 1.1
    ]
    return found[:: 1 + len(found) // 6] if len(found) > 1 else sorted({low, high})


def _short(number: float) -> str:
    """A tick of a cost: ``200 k``, ``0.05``.

    >>> [_short(x) for x in (2e5, 1e7, 441_250, 0.07043, 0.00001, 20.0)]
    ['200 k', '10 M', '441 k', '0.0704', '0.00001', '20']
    """
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{float(f'{number:.3g}'):.9f}".rstrip("0").rstrip(".")
