"""Pictures of a dataset as SVG: score against labelled clips, and where methods fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aqa_bench.boards.curves import Curve, TaskCurves
from aqa_bench.boards.site.drawing import (
    COLOURS,
    FLOOR,
    GRID,
    TEXT,
    Margins,
    make_axes,
    settings,
    svg,
    text,
    width_of,
)
from aqa_bench.boards.site.words import entry_name
from aqa_bench.boards.slices import SlicedBoard, SlicedRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CURVES_CAPTION", "SLICES_CAPTION", "curve_kind", "curve_plot", "slices_plot"]

CURVES_CAPTION = (
    "AUROC against labelled training clips, the same test samples throughout: mean over seeds and random "
    "subsets of clips. Filled: methods; hollow: controls and oracles; dashed: guessing. The CSV and JSON "
    "files at the end of the page have every number."
)
SLICES_CAPTION = (
    "Where methods fail: F1 with 95% intervals on thirds of the test samples (for the size of the error: "
    "each third of the errors, with all clean samples). The best row of each method; hollow: oracles; "
    "dashed: always saying error."
)

MOST_CURVES = 12
_MARKERS = "osD^vPX*<>hp"


def curve_plot(task: TaskCurves) -> bytes:
    """AUROC against the number of labelled training clips, one named line per row, the best ones first.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    curves = task.curves[:MOST_CURVES]
    names = [_named(curve) for curve in curves]
    counts = sorted({count for curve in curves for count in curve.labels})
    with settings():
        figure, axes = make_axes(3.4, 2.9, Margins(0.6, width_of(names) - 0.1, 0.15, 0.5))
        axes.set_xscale("log")
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("labelled training clips")
        low = min(0.45, *(value for curve in curves for value in curve.values)) - 0.02
        _values_axis(axes, low, 1.02, "AUROC")
        axes.axhline(0.5, color=FLOOR, linestyle=(0, (4, 3)), linewidth=1)
        ends = _apart([curve.values[-1] for curve in curves], 0.058 * (1.02 - low))
        for marker, curve, name, end in zip(_MARKERS, curves, names, ends, strict=False):
            colour = COLOURS[curve_kind(curve)]
            hollow = colour if curve_kind(curve) == "method" else "none"
            axes.plot(
                curve.labels,
                curve.values,
                color=colour,
                marker=marker,
                markersize=5,
                linewidth=1.2,
                markerfacecolor=hollow,
            )
            axes.plot(
                [curve.labels[-1], counts[-1] * 1.09],
                [curve.values[-1], end],
                color=GRID,
                linewidth=0.8,
                clip_on=False,
            )
            text(axes, counts[-1] * 1.12, end, name, color=colour, va="center")
        return svg(figure)


def slices_plot(boards: Sequence[SlicedBoard]) -> bytes:
    """F1 with intervals on thirds of the samples, one panel per condition, the floor of each third dashed.

    Args:
        boards: One task under each of its conditions, with the same rows.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    rows = boards[0].rows
    names = [_named(row) for row in rows]
    width, gap = 2.3, 0.35
    whole = len(boards) * width + (len(boards) - 1) * gap
    with settings():
        figure, axes = make_axes(whole, 2.4, Margins(0.5, 0.1, 0.3 + 0.22 * len(rows), 0.75))
        for side in axes.spines.values():
            side.set_visible(False)
        axes.set_xticks([])
        for i, board in enumerate(boards):
            left = i * (width + gap) / whole
            panel = axes.inset_axes((left, 0.0, width / whole, 1.0))
            _panel(panel, board, first=i == 0)
        for j, name in enumerate(names):
            y = 1.06 + 0.22 / 2.4 * (len(names) - 1 - j) + 0.06
            colour, filled = _look(rows[j])
            axes.plot(
                [0.015],
                [y],
                transform=axes.transAxes,
                marker=_MARKERS[j],
                markersize=5,
                color=colour,
                markerfacecolor=filled,
                clip_on=False,
            )
            text(axes, 0.03, y, name, transform=axes.transAxes, va="center", color=colour)
        return svg(figure)


def _panel(axes: Axes, board: SlicedBoard, *, first: bool) -> None:
    axes.patch.set_visible(False)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylim(-0.02, 1.02)
    axes.tick_params(axis="y", colors=TEXT, length=0, labelleft=first)
    if first:
        axes.set_ylabel("F1")
    axes.set_xlim(-0.5, len(board.parts) - 0.5)
    axes.set_xticks(
        range(len(board.parts)), [f"{part.low:.2g}–{part.high:.2g}" for part in board.parts], fontsize=8
    )
    axes.set_xlabel(f"{board.condition} ({board.unit})")
    for i, part in enumerate(board.parts):
        if part.floor is not None:
            axes.plot([i - 0.42, i + 0.42], [part.floor] * 2, color=FLOOR, linestyle=(0, (4, 3)), linewidth=1)
    step = 0.7 / max(1, len(board.rows))
    for j, row in enumerate(board.rows):
        colour, filled = _look(row)
        for i, (value, low, high) in enumerate(zip(row.values, row.low, row.high, strict=True)):
            x = i + step * (j - (len(board.rows) - 1) / 2)
            if low is not None and high is not None:
                axes.plot([x, x], [low, high], color=colour, linewidth=1.2, solid_capstyle="butt")
            if value is not None:
                axes.plot([x], [value], marker=_MARKERS[j], markersize=4.5, color=colour, mfc=filled)


def _values_axis(axes: Axes, low: float, high: float, name: str) -> None:
    axes.set_ylim(low, high)
    ticks = [tick / 10 for tick in range(11) if low <= tick / 10 <= high]
    axes.set_yticks(ticks, [f"{tick:.1f}" for tick in ticks])
    axes.tick_params(axis="y", colors=TEXT, length=0)
    axes.set_ylabel(name)
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def _apart(values: Sequence[float], gap: float) -> list[float]:
    """Places for labels at falling values, no two nearer than ``gap``, near their values."""
    places: list[float] = []
    for value in values:
        places.append(value if not places else min(value, places[-1] - gap))
    lift = sum(value - place for value, place in zip(values, places, strict=True)) / max(1, len(values))
    return [place + lift for place in places]


def curve_kind(row: Curve) -> str:
    """``method``, ``control`` or ``oracle``."""
    return "control" if row.control else "oracle" if row.oracle else "method"


def _look(row: SlicedRow) -> tuple[str, str]:
    colour = COLOURS["oracle" if row.oracle else "method"]
    return colour, "none" if row.oracle else colour


def _named(row: Curve | SlicedRow) -> str:
    name = entry_name(row)
    return name[:44] + "…" * (len(name) > 44)
