"""A paper's table as a page: a printed row once, our rows under it, what was only measured last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aqa_bench.boards.pages.render import metric_name
from aqa_bench.boards.papers.model import AVERAGE, ComparedTable, Line, Measurement, Section
from aqa_bench.boards.site import tables as site_tables
from aqa_bench.boards.site.tables import Cell, Column, Table, number_cell
from aqa_bench.boards.site.words import dataset_name, task_name

__all__ = ["PaperPage", "paper_page"]


@dataclass(frozen=True)
class PaperPage:
    """A compared table for a reader.

    Attributes:
        title: Its heading.
        about: Paragraphs above the tables.
        tables: One per task.
        notes: Errata and notes.
    """

    title: str
    about: tuple[str, ...]
    tables: tuple[tuple[str, str, Table], ...]
    notes: tuple[str, ...]


def paper_page(table: ComparedTable) -> PaperPage:
    """Lay a compared table out."""
    unit = "" if table.scale == 1 else ", in per cent"
    about = [
        f"Printed: {table.citation}",
        f"Metric: {metric_name(table.metric)}{unit}. Data: {dataset_name(table.dataset)}.",
    ]
    if table.twin and any(line.twin for section in table.sections for line in section.lines):
        about.append(
            f"The twin column is measured on {dataset_name(table.twin)}, generated data with the same tasks. "
            "It shows that a method runs and how it compares there; its values are not comparable with "
            "printed ones."
        )
    return PaperPage(
        title=f"Table {table.id}: {table.title}",
        about=tuple(about),
        tables=tuple(_section(table, section) for section in table.sections),
        notes=(
            *(f"Erratum: {each}" for each in table.errata),
            *(f"{each.what}: {each.printed} printed, {each.released} released." for each in table.counts),
            *table.notes,
            *sorted(
                {
                    f"Reported elsewhere: {line.source}"
                    for s in table.sections
                    for line in s.lines
                    if line.source
                }
            ),
        ),
    )


def _section(table: ComparedTable, section: Section) -> tuple[str, str, Table]:
    name = "Average of the tasks" if section.task == AVERAGE else task_name(table.dataset, section.task)
    twin = any(line.twin for line in section.lines)
    measured = any(line.measured for line in section.lines)
    recomputed = any(line.recomputed is not None for line in section.lines)
    marks = any(line.marks for line in section.lines)
    columns = (
        Column("method"),
        Column("printed", True),
        *([Column("recomputed", True, "from the other printed numbers")] if recomputed else []),
        *(
            [
                Column("measured", True, "on the table's data, with its 95% interval"),
                Column("difference", True),
            ]
            if measured
            else []
        ),
        *([Column("twin", True, "on generated data, with its 95% interval")] if twin else []),
        *([Column("remarks")] if marks else []),
    )
    shown = (recomputed, measured, twin, marks)
    # Set in bold only where rows of ours stand between.
    bold = any(line.under for line in section.lines)
    lines = tuple(site_tables.Line(_cells(table, line, shown), _kind(line, bold)) for line in section.lines)
    floors = [
        f"floor {section.floor:.{table.digits}f} ({section.floor_basis})"
        if section.floor is not None
        else "",
        f"floor on the twin {section.twin_floor:.{table.digits}f}"
        if twin and section.twin_floor is not None
        else "",
    ]
    text = "; ".join(filter(None, floors))
    return (
        name,
        f"{text[:1].upper()}{text[1:]}." if text else "",
        Table(f"{section.task}-table", f"{name}: printed and measured", columns, lines),
    )


def _cells(table: ComparedTable, line: Line, shown: Sequence[bool]) -> tuple[Cell, ...]:
    recomputed, measured, twin, marks = shown
    note = "oracle" if line.oracle else "control" if line.control else ""
    difference = "" if line.difference is None else f"{line.difference:+.{table.digits}f}"
    return (
        Cell(line.method, note=note or ("†" if line.source else ""), small=line.recipe),
        number_cell(_number(line.printed, table), line.printed),
        *([number_cell(_number(line.recomputed, table), line.recomputed)] if recomputed else []),
        *([_measured(line.measured, table), number_cell(difference, line.difference)] if measured else []),
        *([_measured(line.twin, table)] if twin else []),
        *([Cell("; ".join(line.marks))] if marks else []),
    )


def _kind(line: Line, bold: bool) -> str:
    if line.oracle:
        return "oracle"
    if line.control:
        return "control"
    if line.printed is not None:
        return "reported" if line.source or not bold else "printed"
    return "under" if line.under else "method"


def _measured(found: Measurement | None, table: ComparedTable) -> Cell:
    if found is None:
        return number_cell("", None)
    low, high = (_number(end, table) for end in (found.low, found.high))
    seeds = f"{found.seeds} seed{'s' * (found.seeds != 1)}"
    bounds = f"[{low}, {high}], {seeds}" if low and high else seeds
    return number_cell(_number(found.value, table), found.value, small=bounds)


def _number(value: float | None, table: ComparedTable) -> str:
    return "" if value is None else f"{value:.{table.digits}f}"
