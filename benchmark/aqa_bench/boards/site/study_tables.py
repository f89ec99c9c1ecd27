"""The values of learning curves as a table."""

from __future__ import annotations

from aqa_bench.boards.curves import TaskCurves
from aqa_bench.boards.pages.render import number
from aqa_bench.boards.site.study_plots import curve_kind
from aqa_bench.boards.site.tables import Cell, Column, Line, Table, number_cell
from aqa_bench.boards.site.words import recipe_name

__all__ = ["curve_table"]


def curve_table(task: TaskCurves) -> Table:
    """AUROC of every row, with a column for each number of labelled training clips."""
    counts = sorted({count for curve in task.curves for count in curve.labels})
    lines = []
    for curve in task.curves:
        values = dict(zip(curve.labels, curve.values, strict=True))
        numbers = [number_cell(number(values.get(count), 3), values.get(count)) for count in counts]
        lines.append(Line((Cell(curve.method, small=recipe_name(curve)), *numbers), curve_kind(curve)))
    columns = (Column("method"), *(Column(f"{count:,}", True, f"{count:,} clips") for count in counts))
    return Table.of(f"{task.task}-curves", "AUROC by labelled training clips", columns, lines)
