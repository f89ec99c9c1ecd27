"""Plots of a board as SVG, light and dark: the same board gives the same bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.pages.render import metric_name
from aqa_bench.boards.site.board_view import row_kind
from aqa_bench.boards.site.engine import missing_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST_RANKED", "MOST_ROWS", "Svg", "interval_plot", "rank_plot", "ranked_rows"]

MOST_ROWS = 40
"""Rows drawn of a board: the first ones, for more cannot be read."""

MOST_RANKED = 24
"""Ranked rows drawn in the picture of rank groups."""

# Text, grid, methods, controls, reported and floor, on white and on black; at least 4.5:1 save for the grid.
_LIGHT = ("#1f2328", "#d0d7de", "#0550ae", "#6e4a00", "#6639ba", "#b3261e")
_DARK = ("#e6edf3", "#373e47", "#79c0ff", "#e3b341", "#d2a8ff", "#ff9492")
_TEXT, _GRID, _METHOD, _CONTROL, _REPORTED, _FLOOR = _LIGHT
_COLOURS = {"method": _METHOD, "control": _CONTROL, "oracle": _CONTROL, "reported": _REPORTED}
_MARKERS = {"method": "o", "control": "s", "oracle": "^", "reported": "D"}
_RC: Any = {
    "svg.hashsalt": "aqa-bench",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": _TEXT,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _TEXT,
    "xtick.color": _TEXT,
    "path.simplify": False,
}


class Svg(NamedTuple):
    """A picture for light and for dark pages."""

    light: bytes
    dark: bytes


class _Margins(NamedTuple):
    """Inches around the axes."""

    left: float
    right: float
    top: float
    bottom: float


def interval_plot(board: Board) -> Svg | None:
    """Dots and 95% intervals, one line per row, the floor as a dashed line; None where no row has a value.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    rows = [row for row in board.rows if row.value is not None][:MOST_ROWS]
    if not rows:
        return None
    with _settings():
        figure, axes = _axes(
            3.8, 0.05 + 0.25 * len(rows), _Margins(_width(map(_label, rows)), 0.15, 0.2, 0.45)
        )
        for y, row in enumerate(rows):
            colour, marker = _COLOURS[row_kind(row)], _MARKERS[row_kind(row)]
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
            hollow = "none" if row_kind(row) != "method" else colour
            axes.plot(
                [row.value or 0.0], [y], marker=marker, markersize=5, color=colour, markerfacecolor=hollow
            )
            _text(axes, -0.01, y, _label(row), ha="right", va="center", transform=axes.get_yaxis_transform())
        if board.floor is not None:
            axes.axvline(board.floor, color=_FLOOR, linestyle=(0, (4, 3)), linewidth=1)
            _text(axes, board.floor, -0.75, "floor", color=_FLOOR, ha="center", va="bottom")
        axes.set_ylim(len(rows) - 0.4, -0.7)
        axes.set_xlabel(metric_name(board.primary), parse_math=False)
        return _svg(figure)


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
    with _settings():
        beside = [_width(_hung(row) for row in members) for members in (left, right)]
        figure, axes = _axes(2.9, 0.2 + 0.42 * bottom, _Margins(beside[0], beside[1], 0.45, 0.1))
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
            axes.plot([min(at), max(at)], [y, y], color=_TEXT, linewidth=4, solid_capstyle="round")
            axes.plot(at, [y] * len(at), linestyle="none", marker="o", markersize=4, color=_METHOD)
        return _svg(figure)


def _hang(axes: Axes, row: Row, y: float, edge: float, align: str, x: float) -> None:
    colour = _COLOURS[row_kind(row)]
    at = row.value or 0.0
    axes.plot([at, at, edge], [0, y, y], color=colour, linewidth=0.8)
    _text(axes, x, y, _hung(row), color=colour, ha=align, va="center", transform=axes.get_yaxis_transform())


def _hung(row: Row) -> str:
    return f"{_label(row, 28)} [{row.rank}]"


def _label(row: Row, most: int = 40) -> str:
    name = " ".join(filter(None, (row.method, row.recipe, f"({row.variant})" if row.variant else "")))
    mark = "†" if row_kind(row) == "reported" else ""
    return name[:most] + "…" * (len(name) > most) + mark


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    axes.text(x, y, text, parse_math=False, clip_on=False, **style)


def _width(labels: Iterable[str]) -> float:
    """Inches that hold any of these labels."""
    return 0.25 + 0.08 * max(map(len, labels), default=0)


def _axes(width: float, height: float, margins: _Margins) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    left, right, top, bottom = margins
    whole = (left + width + right, bottom + height + top)
    figure = Figure(figsize=whole)
    axes = figure.add_axes((left / whole[0], bottom / whole[1], width / whole[0], height / whole[1]))
    axes.patch.set_visible(False)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    axes.grid(axis="x", color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _settings() -> Any:
    try:
        from matplotlib import rc_context
    except ImportError as error:
        raise missing_extra(error) from error
    return rc_context(_RC)


def _svg(figure: Figure) -> Svg:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A name may hold letters that the font used for measuring lacks; the reader's fonts have them.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    light = buffer.getvalue()
    return Svg(light, _recoloured(light, _LIGHT, _DARK))


def _recoloured(svg: bytes, old: Sequence[str], new: Sequence[str]) -> bytes:
    for a, b in zip(old, new, strict=True):
        svg = svg.replace(a.encode(), b.encode())
    return svg
