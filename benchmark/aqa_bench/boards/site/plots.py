"""Plots of a board as SVG, light and dark: the same board gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.pages.render import metric_name
from aqa_bench.boards.site.board_view import row_kind
from aqa_bench.boards.site.drawing import (
    COLOURS,
    FLOOR,
    MARKERS,
    METHOD,
    TEXT,
    Margins,
    Svg,
    make_axes,
    settings,
    svg,
    text,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_RANKED", "MOST_ROWS", "interval_plot", "rank_plot", "ranked_rows"]

MOST_ROWS = 40
"""Rows drawn of a board: the first ones, for more cannot be read."""

MOST_RANKED = 24
"""Ranked rows drawn in the picture of rank groups."""


def interval_plot(board: Board) -> Svg | None:
    """Dots and 95% intervals, one line per row, the floor as a dashed line; None where no row has a value.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    rows = [row for row in board.rows if row.value is not None][:MOST_ROWS]
    if not rows:
        return None
    with settings():
        figure, axes = make_axes(
            3.8, 0.05 + 0.25 * len(rows), Margins(width_of(map(_label, rows)), 0.15, 0.2, 0.45)
        )
        for y, row in enumerate(rows):
            colour, marker = COLOURS[row_kind(row)], MARKERS[row_kind(row)]
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
            hollow = "none" if row_kind(row) != "method" else colour
            axes.plot(
                [row.value or 0.0], [y], marker=marker, markersize=5, color=colour, markerfacecolor=hollow
            )
            text(axes, -0.01, y, _label(row), ha="right", va="center", transform=axes.get_yaxis_transform())
        if board.floor is not None:
            axes.axvline(board.floor, color=FLOOR, linestyle=(0, (4, 3)), linewidth=1)
            text(axes, board.floor, -0.75, "floor", color=FLOOR, ha="center", va="bottom")
        axes.set_ylim(len(rows) - 0.4, -0.7)
        axes.set_xlabel(metric_name(board.primary), parse_math=False)
        return svg(figure)


def ranked_rows(board: Board) -> list[Row]:
    """Rows of the picture of rank groups, best first."""
    first = [row for row in board.rows if row.rank is not None and row.value is not None][:MOST_RANKED]
    return sorted(first, key=lambda row: row.value or 0.0, reverse=board.higher_is_better)


def rank_plot(board: Board) -> Svg | None:
    """Rank groups in the manner of a critical-difference diagram; None for fewer than two ranked rows.

    Each method hangs from its value on the axis, the best on the right; a bar joins the members of a group.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    rows = ranked_rows(board)
    if len(rows) < 2:
        return None
    groups = sorted({row.rank for row in rows if row.rank is not None})
    right = rows[: (len(rows) + 1) // 2]
    left = rows[len(right) :][::-1]
    depth = 0.35 * len(groups) + 0.35
    bottom = depth + 0.45 * len(right)
    values = [row.value or 0.0 for row in rows]
    low, high = min(values), max(values)
    margin = 0.03 * (high - low) or 0.5
    best, worst = (high + margin, low - margin) if board.higher_is_better else (low - margin, high + margin)
    with settings():
        beside = [width_of(_hung(row) for row in members) for members in (left, right)]
        figure, axes = make_axes(2.9, 0.2 + 0.42 * bottom, Margins(beside[0], beside[1], 0.45, 0.1))
        axes.set_xlim(worst, best)
        axes.set_ylim(bottom, 0)
        axes.xaxis.tick_top()
        axes.set_xlabel(metric_name(board.primary), parse_math=False)
        axes.xaxis.set_label_position("top")
        axes.spines["top"].set_visible(True)
        axes.spines["bottom"].set_visible(False)
        axes.grid(visible=False)
        for members, edge, align, x in ((right, best, "left", 1.02), (left, worst, "right", -0.02)):
            for i, row in enumerate(members):
                _hang(axes, row, depth + 0.45 * i, edge, align, x)
        for i, group in enumerate(groups):
            at = [row.value for row in rows if row.rank == group and row.value is not None]
            y = 0.35 * (i + 1)
            axes.plot([min(at), max(at)], [y, y], color=TEXT, linewidth=4, solid_capstyle="round")
            axes.plot(at, [y] * len(at), linestyle="none", marker="o", markersize=4, color=METHOD)
        return svg(figure)


def _hang(axes: Axes, row: Row, y: float, edge: float, align: str, x: float) -> None:
    colour = COLOURS[row_kind(row)]
    at = row.value or 0.0
    axes.plot([at, at, edge], [0, y, y], color=colour, linewidth=0.8)
    text(axes, x, y, _hung(row), color=colour, ha=align, va="center", transform=axes.get_yaxis_transform())


def _hung(row: Row) -> str:
    return f"{_label(row, 28)} [{row.rank}]"


def _label(row: Row, most: int = 40) -> str:
    name = " ".join(filter(None, (row.method, row.recipe, f"({row.variant})" if row.variant else "")))
    mark = "†" if row_kind(row) == "reported" else ""
    return name[:most] + "…" * (len(name) > most) + mark
