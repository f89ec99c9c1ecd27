"""Skill against cost as SVG, light and dark: the same board gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    "joins the named entries, which no cheaper entry matches; the floor is dashed. Milliseconds are "
    "wall-clock time of prediction, as recorded by the runs: cached features shorten it, and devices differ."
)

_LEAST = 3
"""Entries with a cost that a panel needs."""


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
    width, gap = 3.4, 0.25
    whole = len(panels) * width + (len(panels) - 1) * gap
    ends = [row.value or 0.0 for row in entries] + ([] if board.floor is None else [board.floor])
    space = 0.12 * (max(ends) - min(ends)) or 0.1
    with settings():
        figure, axes = make_axes(whole, 2.5, Margins(0.6, 0.2, 0.15, 0.6))
        for side in axes.spines.values():
            side.set_visible(False)
        axes.set_xticks([])
        for i, (cost, rows) in enumerate(panels):
            panel = axes.inset_axes((i * (width + gap) / whole, 0.0, width / whole, 1.0))
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
    axes.set_xlim(low / 2, high * 2)
    for i in front:
        x, y = points[i]
        left = x * x > low * high
        text(
            axes,
            x,
            sign * y + 0.015 * (axes.get_ylim()[1] - axes.get_ylim()[0]),
            f"{entry_name(rows[i])[:30]}  ",
            ha="right" if left else "left",
            va="bottom",
            fontsize=8,
        )
