"""Printed tables beside the boards of submitted runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from statistics import fmean

from aqa_bench.boards.model import Board, DatasetBoards, Row, oracle_text
from aqa_bench.boards.papers.model import AVERAGE, ComparedTable, Line, Measurement, Section
from aqa_bench.boards.published import PrintedRow, PrintedTable, published
from aqa_bench.core.dataset_id import split_preset
from aqa_bench.core.record import RowKind

__all__ = ["compare_table"]

_DECIMALS = 6
_FAITHFUL = ("paper", "released", "ogata", "openpose", "spin", "hmr", "dives")
"""Recipes that follow a paper: they alone stand beside a printed value."""
_OWN_RECIPES = (
    f"Recipes other than {', '.join(_FAITHFUL)} depart from the papers, as each method's card "
    "explains. They have separate rows below the printed row, without its value."
)


@dataclass(frozen=True)
class _Candidate:
    """A measured row on the table's dataset, on its twin, or both."""

    row: Row
    pool: str | None
    measured: Measurement | None
    twin: Measurement | None


def compare_table(
    table: PrintedTable, boards: Mapping[str, DatasetBoards], pools: Mapping[str, str | None]
) -> ComparedTable:
    """Put measurements beside a printed table.

    Args:
        table: The printed table.
        boards: Boards by dataset id; datasets without any are absent.
        pools: By run-id, the dataset that a run was pre-trained on instead of its own, or None.
    """
    sections = [_section(table, index, boards, pools) for index in range(len(table.tasks))]
    if any(row.average is not None for row in table.rows):
        sections.append(_averages(table, sections))
    return ComparedTable(
        id=table.id,
        title=table.title,
        citation=published().sources[table.source],
        dataset=table.dataset,
        twin=table.twin,
        metric=table.metric,
        scale=table.scale,
        digits=table.digits,
        sections=tuple(sections),
        errata=table.errata,
        counts=table.counts,
        notes=tuple(_notes(table, sections, boards)),
    )


def _section(
    table: PrintedTable, index: int, boards: Mapping[str, DatasetBoards], pools: Mapping[str, str | None]
) -> Section:
    task = table.tasks[index]
    own, twin = _board(boards, table.dataset, table, task), _board(boards, table.twin, table, task)
    candidates = list(_candidates(table, own, twin, pools))
    floor, basis = _floor(table, task, own)
    lines: list[Line] = []
    claimed: set[int] = set()
    for printed in table.rows:
        mine = [candidate for candidate in candidates if _stands_for(candidate, printed)]
        claimed.update(map(id, mine))
        marks = tuple(_marks(table, task, printed.values[index], floor))
        beside = next((candidate for candidate in mine if candidate.row.recipe in _FAITHFUL), None)
        lines.append(_line(printed.printed_as, beside, table, printed=printed.values[index], marks=marks))
        lines += [
            _line(candidate.row.method, candidate, table, under=printed.printed_as)
            for candidate in mine
            if candidate is not beside
        ]
    lines += _reported_elsewhere(table, task, floor)
    rest = [candidate for candidate in candidates if id(candidate) not in claimed]
    lines += [_line(candidate.row.method, candidate, table) for candidate in _oracles_last(rest)]
    return Section(
        task=task,
        floor=floor,
        floor_basis=basis,
        twin_floor=_board_floor(table, twin),
        lines=tuple(lines),
    )


def _board(
    boards: Mapping[str, DatasetBoards], dataset: str | None, table: PrintedTable, task: str
) -> Board | None:
    """The task's board of the printed scheme, else of the first honest one."""
    found = boards.get(dataset) if dataset else None
    honest = [b for b in found.boards if b.task == task and b.honest] if found else []
    return min(honest, key=lambda board: board.scheme != table.scheme, default=None)


def _candidates(
    table: PrintedTable, own: Board | None, twin: Board | None, pools: Mapping[str, str | None]
) -> Iterator[_Candidate]:
    def measured(board: Board | None) -> dict[tuple[str, ...], tuple[Row, Measurement]]:
        rows = [row for row in board.rows if row.kind is RowKind.MEASURED] if board else []
        values = {_key(row, pools): (row, _measurement(table, board, row)) for row in rows}
        return {key: (row, value) for key, (row, value) in values.items() if value is not None}

    here, there = measured(own), measured(twin)
    for key in {**here, **there}:
        row = (here.get(key) or there[key])[0]
        yield _Candidate(
            row,
            _exercise(pools.get(row.runs[0])),
            here[key][1] if key in here else None,
            there[key][1] if key in there else None,
        )


def _key(row: Row, pools: Mapping[str, str | None]) -> tuple[str, ...]:
    return row.method, row.recipe, row.variant, _exercise(pools.get(row.runs[0])) or ""


def _exercise(dataset: str | None) -> str | None:
    return None if dataset is None else split_preset(dataset)[0].rpartition("/")[2]


def _measurement(table: PrintedTable, board: Board | None, row: Row) -> Measurement | None:
    primary = board is not None and board.primary == table.metric
    value = row.value if primary else row.secondary.get(table.metric)
    if value is None:
        return None
    return Measurement(
        value=_scaled(value, table),
        low=_scaled(row.low, table) if primary and row.low is not None else None,
        high=_scaled(row.high, table) if primary and row.high is not None else None,
        seeds=row.seeds,
        scored=row.scored,
        runs=row.runs,
    )


def _stands_for(candidate: _Candidate, printed: PrintedRow) -> bool:
    # A method run on shuffled labels is a control: no measurement of the method. Nor is one that is given
    # by the twin what the paper's had to find.
    return (
        not candidate.row.control
        and not candidate.row.oracle
        and sorted(candidate.row.method.split("+")) == sorted(printed.method.split("+"))
        and (not printed.recipes or any(fnmatchcase(candidate.row.recipe, p) for p in printed.recipes))
        and (printed.pretrained_on is None or candidate.pool == printed.pretrained_on)
    )


def _line(
    method: str,
    candidate: _Candidate | None,
    table: PrintedTable,
    printed: float | None = None,
    marks: tuple[str, ...] = (),
    under: str = "",
) -> Line:
    if candidate is None:
        return Line(method=method, kind=RowKind.REPORTED, printed=printed, marks=marks)
    row, measured = candidate.row, candidate.measured
    difference = None if measured is None or printed is None else round(measured.value - printed, _DECIMALS)
    return Line(
        method=method,
        recipe=f"{row.recipe} ({row.variant})" if row.variant else row.recipe,
        kind=RowKind.REPORTED if printed is not None and measured is None else RowKind.MEASURED,
        control=row.control,
        oracle=bool(row.oracle),
        under=under,
        printed=printed,
        measured=measured,
        difference=difference,
        twin=candidate.twin,
        marks=(*marks, oracle_text(row.oracle)) if row.oracle else marks,
    )


def _reported_elsewhere(table: PrintedTable, task: str, floor: float | None) -> Iterator[Line]:
    for result in published().independent:
        if result.dataset == table.dataset and task in result.values:
            value = result.values[task] * table.scale
            protocol = f"; {result.protocol}" if result.protocol else ""
            yield Line(
                method=result.printed_as,
                kind=RowKind.REPORTED,
                source=published().sources[result.source],
                printed=value,
                marks=(f"independent{protocol}", *_marks(table, task, value, floor)),
            )


def _oracles_last(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    return sorted(candidates, key=lambda candidate: (bool(candidate.row.oracle), candidate.row.control))


def _floor(table: PrintedTable, task: str, board: Board | None) -> tuple[float | None, str]:
    measured = _board_floor(table, board)
    if measured is not None:
        return measured, "the test labels available"
    for floor in published().floors:
        if (floor.dataset, floor.task, floor.metric) == (table.dataset, task, table.metric):
            return _scaled(floor.value, table), floor.basis
    return None, ""


def _board_floor(table: PrintedTable, board: Board | None) -> float | None:
    if board is None or board.primary != table.metric or board.floor is None:
        return None
    return _scaled(board.floor, table)


def _marks(table: PrintedTable, task: str, value: float, floor: float | None) -> Iterator[str]:
    if floor is not None and round(value, table.digits) <= round(floor, table.digits):
        yield "at or below the floor"
    blind = [
        score
        for score in published().blind
        if (score.dataset, score.task, score.metric) == (table.dataset, task, table.metric)
        and score.value * table.scale >= value
    ]
    if blind:
        best = max(blind, key=lambda score: score.value)
        yield f"below {best.what} ({best.value * table.scale:.{table.digits}f}), which sees no frames"


def _averages(table: PrintedTable, sections: Sequence[Section]) -> Section:
    lines = []
    for printed in table.rows:
        mean = fmean(printed.values)
        differs = printed.average is not None and abs(printed.average - mean) > 0.5 * 10**-table.digits
        recipes = [{line.recipe for line in s.lines if line.method == printed.printed_as} for s in sections]
        for recipe in sorted(set.intersection(*recipes) - {""}) or [""]:
            found = [line for s in sections for line in s.lines if line.method == printed.printed_as]
            parts = [line.measured for line in found if line.recipe == recipe and line.measured is not None]
            measured = _mean(parts) if len(parts) == len(sections) else None
            lines.append(
                Line(
                    method=printed.printed_as,
                    recipe=recipe if measured else "",
                    kind=RowKind.MEASURED if measured else RowKind.REPORTED,
                    printed=printed.average,
                    recomputed=round(mean, _DECIMALS),
                    measured=measured,
                    difference=None if measured is None else round(measured.value - mean, _DECIMALS),
                    marks=("the printed average is not the mean of the printed values",) if differs else (),
                )
            )
    return Section(task=AVERAGE, floor=None, floor_basis="", twin_floor=None, lines=tuple(lines))


def _mean(parts: Sequence[Measurement]) -> Measurement:
    return Measurement(
        value=round(fmean(part.value for part in parts), _DECIMALS),
        low=None,
        high=None,
        seeds=min(part.seeds for part in parts),
        scored=sum(part.scored for part in parts),
        runs=tuple(sorted({run for part in parts for run in part.runs})),
    )


def _notes(
    table: PrintedTable, sections: Sequence[Section], boards: Mapping[str, DatasetBoards]
) -> Iterator[str]:
    lines = [line for section in sections for line in section.lines]
    measured = any(line.measured for line in lines)
    twin = any(line.twin for line in lines)
    if not measured:
        yield f"{table.dataset} was not available when the runs were made, so nothing is measured on it."
    if twin:
        yield (
            f"The twin is {table.twin}: generated data with the same tasks, but a different "
            "difficulty. It shows that a method runs and how it compares with others there. "
            "Its values are not comparable with printed ones."
        )
    elif table.twin and not measured:
        yield f"No runs on its twin {table.twin} have been submitted either."
    for dataset in (table.dataset, table.twin):
        schemes = {b.scheme for b in (_board(boards, dataset, table, task) for task in table.tasks) if b}
        if schemes - {table.scheme}:
            used = ", ".join(sorted(schemes))
            yield f"{dataset} was measured with scheme {used} instead of the printed {table.scheme}."
    if measured or twin:
        yield _OWN_RECIPES


def _scaled(value: float, table: PrintedTable) -> float:
    return round(value * table.scale, _DECIMALS)
