"""Compared tables as files."""

from __future__ import annotations

import csv
import io

from aqa_bench.boards.model import Board, Row
from aqa_bench.boards.pages.escape import spreadsheet_cell
from aqa_bench.boards.pages.formats import Grid, Page, RowStyle, page_latex, page_markdown
from aqa_bench.boards.pages.render import board_cells, board_csv
from aqa_bench.boards.papers.anomaly import AnomalyTable
from aqa_bench.boards.papers.model import AVERAGE, ComparedTable, Line, Measurement, Section
from aqa_bench.core.files import pretty_json
from aqa_bench.core.record import RowKind

__all__ = ["anomaly_files", "table_files", "table_markdown"]

_LEGEND = (
    "† Reported by the source; not measured here on the same data. Controls (floors and "
    "shortcuts that a method has to beat) are in italics. Each printed row appears once; "
    "measurements of the method with other recipes are below it. Intervals are 95%, bootstrap "
    "over groups and seeds. The difference is measured minus printed."
)
_METRICS = {"f1": "F1 of the errors", "accuracy": "accuracy", "spearman": "Spearman's rank correlation"}


def table_markdown(table: ComparedTable) -> str:
    """A compared table as Markdown."""
    return page_markdown(_page(table))


def table_files(table: ComparedTable) -> dict[str, str]:
    """A compared table as ``table-N.md``, ``.csv``, ``.tex`` and ``.json``."""
    page = _page(table)
    return {
        f"{page.id}.md": page_markdown(page),
        f"{page.id}.tex": page_latex(page),
        f"{page.id}.csv": _csv(table),
        f"{page.id}.json": pretty_json(table.model_dump(mode="json")),
    }


def anomaly_files(table: AnomalyTable) -> dict[str, str]:
    """The anomaly table as ``anomaly.md``, ``.csv`` and ``.tex``."""
    page = Page(
        id=table.id,
        title=table.title,
        text=(),
        grids=tuple(_board_grid(board, table.metrics) for board in table.boards),
        notes=tuple(note.replace("`", "") for note in table.notes),
    )
    return {
        "anomaly.md": table.to_markdown() + "\n",
        "anomaly.csv": board_csv(table.boards),
        "anomaly.tex": page_latex(page),
    }


def _page(table: ComparedTable) -> Page:
    unit = "" if table.scale == 1 else ", in percent"
    measured = f"Dataset: {table.dataset}." + (f" Twin: {table.twin} (generated)." if table.twin else "")
    counts = [
        Grid(
            id="counts",
            title="Printed and released sizes",
            text="",
            header=("what", "printed", "released"),
            rows=tuple((RowStyle.PLAIN, (c.what, c.printed, c.released)) for c in table.counts),
            names=0,
            texts=(0,),
        )
    ]
    return Page(
        id=f"table-{table.id}",
        title=f"Table {table.id}: {table.title}",
        text=(
            f"Printed: {table.citation}",
            f"Metric: {_METRICS.get(table.metric, table.metric)}{unit}. {measured}",
            _LEGEND,
        ),
        grids=(*(_grid(table, section) for section in table.sections), *(counts if table.counts else ())),
        notes=(*(f"Erratum: {note}" for note in table.errata), *table.notes, *_sources(table)),
    )


def _sources(table: ComparedTable) -> list[str]:
    found = {line.source for section in table.sections for line in section.lines if line.source}
    return [f"Reported elsewhere: {source}" for source in sorted(found)]


def _grid(table: ComparedTable, section: Section) -> Grid:
    twin = table.twin is not None and section.task != AVERAGE
    header = ["kind", "method", "recipe", "printed", "recomputed", "measured", "95% interval", "seeds"]
    header += ["difference", "floor"]
    header += ["twin", "twin 95% interval", "twin seeds", "twin floor"] if twin else []
    floor = f" Floor: {_number(section.floor, table)} ({section.floor_basis})." if section.floor_basis else ""
    return Grid(
        id=section.task,
        title="average of the tasks" if section.task == AVERAGE else section.task,
        text=floor.strip(),
        header=(*header, "marks"),
        rows=tuple((_style(line), _cells(table, section, line, twin)) for line in section.lines),
        texts=(0, 1, 2, len(header)),
    )


def _style(line: Line) -> RowStyle:
    if line.kind is RowKind.REPORTED:
        return RowStyle.REPORTED
    return RowStyle.CONTROL if line.control or line.oracle else RowStyle.PLAIN


def _cells(table: ComparedTable, section: Section, line: Line, twin: bool) -> tuple[str, ...]:
    difference = "-" if line.difference is None else f"{line.difference:+.{table.digits}f}"
    elsewhere = line.kind is RowKind.MEASURED and line.measured is None
    cells = ["measured on twin" if elsewhere else line.kind.value, line.method, line.recipe]
    cells += [_number(line.printed, table), _number(line.recomputed, table)]
    cells += [*_measured(line.measured, table), difference, _number(section.floor, table)]
    cells += [*_measured(line.twin, table), _number(section.twin_floor, table)] if twin else []
    return (*cells, "; ".join(line.marks))


def _measured(found: Measurement | None, table: ComparedTable) -> tuple[str, str, str]:
    if found is None:
        return "-", "-", "-"
    bounds = [_number(bound, table) for bound in (found.low, found.high)]
    interval = "-" if "-" in bounds else f"[{bounds[0]}, {bounds[1]}]"
    return _number(found.value, table), interval, str(found.seeds)


def _number(value: float | None, table: ComparedTable) -> str:
    return "-" if value is None else f"{value:.{table.digits}f}"


def _csv(table: ComparedTable) -> str:
    # Later than the first tables, which keep their bytes.
    oracles = any(line.oracle for section in table.sections for line in section.lines)
    lines = [
        {
            "table": table.id,
            "dataset": table.dataset,
            "task": section.task,
            "metric": table.metric,
            "kind": line.kind.value,
            "method": line.method,
            "recipe": line.recipe,
            "under": line.under,
            "control": line.control,
            **({"oracle": line.oracle} if oracles else {}),
            "printed": line.printed,
            "recomputed": line.recomputed,
            **_flat("measured", line.measured),
            "difference": line.difference,
            "floor": section.floor,
            "floor_basis": section.floor_basis,
            "twin_dataset": table.twin,
            **_flat("twin", line.twin),
            "twin_floor": section.twin_floor,
            "marks": "; ".join(line.marks),
            "source": line.source or table.citation if line.printed is not None else "",
        }
        for section in table.sections
        for line in section.lines
    ]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: spreadsheet_cell(cell) for name, cell in line.items()} for line in lines)
    return buffer.getvalue()


def _flat(name: str, found: Measurement | None) -> dict[str, object]:
    fields = ("value", "low", "high", "seeds", "scored")
    values = {f"{name}_{field}": None if found is None else getattr(found, field) for field in fields}
    return values | {f"{name}_runs": "" if found is None else " ".join(found.runs)}


def _board_grid(board: Board, metrics: tuple[str, ...]) -> Grid:
    header, lines = board_cells(board, metrics)
    floor = "none" if board.floor is None else f"{board.floor:.4f}"
    return Grid(
        id=board.scheme,
        title=f"scheme {board.scheme} (floor of {board.primary}: {floor})",
        text=board.rule,
        header=tuple(header),
        rows=tuple((_board_style(row), tuple(line)) for row, line in zip(board.rows, lines, strict=True)),
    )


def _board_style(row: Row) -> RowStyle:
    if row.kind is RowKind.REPORTED:
        return RowStyle.REPORTED
    return RowStyle.CONTROL if row.control or row.oracle else RowStyle.PLAIN
