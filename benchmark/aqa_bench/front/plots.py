"""Dots with 95% intervals and the floor as a dashed line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from aqa_bench.core.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Dot", "dots"]

Dot: TypeAlias = "tuple[str, float | None, float | None, float | None, bool]"
"""Label, value, lower and upper end of the interval, and whether it is one's own."""

_OWN, _OTHER, _FLOOR = "#0550ae", "#6e7781", "#b3261e"


def dots(rows: Sequence[Dot], floors: Sequence[float | None], label: str, ax: Axes | None = None) -> Axes:
    """Draw rows from top to bottom.

    Args:
        rows: The rows; one without a value gets its label alone.
        floors: The floor of each row; one for all where it is of length 1.
        label: What the axis shows.
        ax: Where to draw; a new figure by default.

    Raises:
        UsageError: Matplotlib is not installed.
    """
    if ax is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise UsageError(
                "Plots need matplotlib.",
                expected="matplotlib",
                found=f"no {error.name}",
                remedy='pip install "aqa-bench[site]"',
            ) from error
        ax = pyplot.subplots(figsize=(6.0, 0.8 + 0.3 * len(rows)), layout="constrained")[1]
    for y, (_, value, low, high, own) in enumerate(rows):
        colour = _OWN if own else _OTHER
        if low is not None and high is not None:
            ax.plot([low, high], [y, y], color=colour, linewidth=1.6)
        if value is not None:
            ax.plot([value], [y], marker="o", markersize=5, color=colour)
    ends = list(floors) * len(rows) if len(floors) == 1 else list(floors)
    for y, floor in enumerate(ends):
        if floor is not None:
            ax.plot([floor, floor], [y - 0.5, y + 0.5], color=_FLOOR, linestyle=(0, (4, 3)), linewidth=1)
    ax.set_yticks(range(len(rows)), [row[0] for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(f"{label} (95% interval; dashed: floor)")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.grid(axis="x", linewidth=0.5)
    return ax
