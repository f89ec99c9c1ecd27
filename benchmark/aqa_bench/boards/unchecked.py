"""Boards where the labels are not available: what was built before, and rows that only records speak for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from aqa_bench.boards.assemble import DIGITS, WITHOUT_RECEIPTS, rows_of
from aqa_bench.boards.costs import backbone_of, device_of, regime_of, shared
from aqa_bench.boards.model import UNCHECKED, Board, DatasetBoards, Row
from aqa_bench.boards.receipts import standing_of
from aqa_bench.boards.reported import reported_rows
from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.record import RowKind, RunRecord
from aqa_bench.stats.metrics import METRICS
from aqa_bench.stats.scoring import skill_over

__all__ = ["check_against_records", "extended"]

_TOLERANCE = 2 * 10**-DIGITS
_RULE = "every number in a table comes from its records"


def extended(before: DatasetBoards, runs: Sequence[SubmittedRun]) -> DatasetBoards:
    """Boards that were built with labels, brought to today's runs without any.

    Rows whose runs are all still there, and no others, stay as they are. Every other row is *unchecked*: it
    has the numbers of its records, no interval and no rank, and stands below the rows that were scored. A
    board that nobody has built yet is left out.

    Args:
        before: The boards as somebody with the labels built them.
        runs: The runs of the dataset that there are now.
    """
    return before.model_copy(update={"boards": tuple(_extended(board, runs) for board in before.boards)})


def check_against_records(
    boards: DatasetBoards, runs: Sequence[SubmittedRun], card: DatasetCard | None
) -> Iterator[Problem]:
    """Check all that records tell of a table: every number but intervals and ranks.

    Args:
        boards: The table.
        runs: The runs of its dataset.
        card: The dataset's card; None where the dataset is not known here.
    """
    by_id = {run.record.run_id: run for run in runs}
    for board in boards.boards:
        place = f"{boards.dataset}, {board.task}, {board.scheme}"
        if card is not None:
            yield from _check_board(board, card, place)
        there = _of_board(board, runs)
        listed = [name for row in board.rows for name in row.runs]
        if sorted(listed) != sorted(run.record.run_id for run in there):
            odd = {*listed} ^ {run.record.run_id for run in there}
            found = ", ".join(sorted(odd)[:3]) or "one run in two rows"
            yield Problem(path=place, rule=_RULE, expected="each run of the board in one row", found=found)
            continue
        groups = {frozenset(run.record.run_id for run in members) for members, _ in rows_of(there)}
        for row in board.rows:
            where = f"{place}, {row.method} {row.recipe} {row.variant}".rstrip()
            if row.kind is RowKind.REPORTED:
                continue
            if frozenset(row.runs) not in groups:
                yield Problem(
                    path=where, rule=_RULE, expected="runs that differ only in the seed", found="others"
                )
                continue
            yield from _check_row(row, board, [by_id[name].record for name in row.runs], where)
            unjudged = boards.version in WITHOUT_RECEIPTS or row.why_unranked == UNCHECKED
            badge = (None, 0) if unjudged else standing_of([by_id[name] for name in row.runs])
            if (row.standing, row.reproduced) != badge:
                yield Problem(
                    path=f"{where}: standing", rule=_RULE, expected=str(badge[0]), found=str(row.standing)
                )
        yield from _check_order(board, place)


def _of_board(board: Board, runs: Iterable[SubmittedRun]) -> list[SubmittedRun]:
    return [run for run in runs if board.task in run.record.tasks and run.record.scheme == board.scheme]


def _extended(board: Board, runs: Sequence[SubmittedRun]) -> Board:
    known = {frozenset(row.runs): row for row in board.rows if row.kind is RowKind.MEASURED}
    kept, added = [], []
    for members, variant in rows_of(_of_board(board, runs)):
        row = known.get(frozenset(run.record.run_id for run in members))
        if row is None:
            added.append(_row(board, [run.record for run in members], variant))
        else:
            kept.append(row.model_copy(update={"variant": variant}))
    reported = [row for row in board.rows if row.kind is RowKind.REPORTED]
    places = {frozenset(row.runs): place for place, row in enumerate(board.rows)}
    kept.sort(key=lambda row: places[frozenset(row.runs)])
    added.sort(key=lambda row: (row.method, row.recipe, row.variant))
    return board.model_copy(update={"rows": (*kept, *added, *reported)})


def _row(board: Board, records: Sequence[RunRecord], variant: str) -> Row:
    first = records[0]
    numbers = _numbers(board, records)
    value = numbers.pop(board.primary)
    return Row(
        rank=None,
        why_unranked=UNCHECKED,
        method=first.method,
        recipe=first.recipe,
        variant=variant,
        kind=RowKind.MEASURED,
        control=first.control,
        oracle=tuple(first.oracle),
        modality=first.modality,
        regime=regime_of(first),
        pretrained_on=first.pretrained_on,
        value=value,
        low=None,
        high=None,
        skill=_rounded(skill_over(value, first.floors.get(board.task))),
        secondary=numbers,
        seeds=len({record.seed for record in records}),
        splits=max((row.splits for row in board.rows), default=1),
        scored=max(record.coverage[board.task].scored for record in records),
        parameters=shared(record.parameters for record in records),
        backbone=backbone_of(first),
        gflops=shared(record.gflops for record in records),
        device=shared(map(device_of, records)) or "",
        source="",
        runs=tuple(sorted(record.run_id for record in records)),
    )


def _numbers(board: Board, records: Sequence[RunRecord]) -> dict[str, float | None]:
    """Mean over seeds of every metric that the records have; None where it is undefined for any."""
    found: dict[str, list[float | None]] = defaultdict(list)
    for record in records:
        for name, metric in record.metrics[board.task].items():
            found[name].append(metric.value)
    means: dict[str, float | None] = {}
    for name, values in found.items():
        known = [value for value in values if value is not None]
        means[name] = _rounded(sum(known) / len(known)) if len(known) == len(values) else None
    means.setdefault(board.primary, None)
    return means


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _check_row(row: Row, board: Board, records: Sequence[RunRecord], where: str) -> Iterator[Problem]:
    numbers = _numbers(board, records)
    told: dict[str, tuple[object, object]] = {
        name: (numbers[name], row.value if name == board.primary else row.secondary.get(name))
        for name in numbers
        if name == board.primary or name in row.secondary
    }
    first = records[0]
    floors = [record.floors.get(board.task) for record in records]
    told["skill"] = (_rounded(skill_over(row.value, floors[0])), row.skill)
    expected = _row(board, records, row.variant)
    for name in (
        *("method", "recipe", "control", "oracle", "modality", "regime", "pretrained_on", "seeds", "scored"),
        *("parameters", "backbone", "gflops", "device"),
    ):
        told[name] = (getattr(expected, name), getattr(row, name))
    for name, (ours, theirs) in told.items():
        if not _same(ours, theirs):
            yield Problem(
                path=f"{where}: {name}",
                rule=_RULE,
                expected=f"{ours}, as in {first.run_id}",
                found=str(theirs),
            )
    inside = row.low is None or row.high is None or row.low <= row.high
    if not inside or (row.why_unranked == UNCHECKED and (row.rank is not None or row.low is not None)):
        expected_text = "low below high, or no interval if unchecked"
        yield Problem(path=f"{where}: interval", rule=_RULE, expected=expected_text, found=str(row.low))


def _check_order(board: Board, place: str) -> Iterator[Problem]:
    """Who has the best value is in the first rank group; more than that only the labels tell.

    A rank lies among the ranked rows, and a row without one has no interval of ranks.
    """
    sign = 1 if METRICS[board.primary].higher_is_better else -1
    ranked = [row for row in board.rows if row.rank is not None]
    best = max(ranked, key=lambda row: sign * (row.value or 0.0), default=None)
    if best is not None and best.rank != 1:
        found = f"{best.method} {best.recipe} with rank {best.rank}"
        yield Problem(path=f"{place}: rank", rule=_RULE, expected="rank 1 for the best value", found=found)
    for row in board.rows:
        span = row.rank_low, row.rank_high
        there = None not in span and 1 <= (row.rank_low or 0) <= (row.rank_high or 0) <= len(ranked)
        if span != (None, None) and (row.rank is None or not there):
            yield Problem(
                path=f"{place}, {row.method} {row.recipe}: ranks",
                rule=_RULE,
                expected=f"places from 1 to {len(ranked)} of a ranked row",
                found=f"{row.rank_low} to {row.rank_high}",
            )


def _check_board(board: Board, card: DatasetCard, place: str) -> Iterator[Problem]:
    tasks = {task.id: task for task in card.tasks}
    schemes = {scheme.id: scheme for scheme in card.schemes}
    if board.task not in tasks or board.scheme not in schemes:
        yield Problem(path=place, rule=_RULE, expected=f"a board of {card.id}", found=place)
        return
    task, scheme = tasks[board.task], schemes[board.scheme]
    primary = scheme.primary or task.primary
    told = {
        "question": task.name,
        "rule": scheme.description,
        "honest": scheme.honest,
        "primary": primary,
        "higher_is_better": METRICS[primary].higher_is_better,
    }
    for name, expected in told.items():
        if getattr(board, name) != expected:
            yield Problem(
                path=f"{place}: {name}", rule=_RULE, expected=str(expected), found=str(getattr(board, name))
            )
    reported = [row for row in board.rows if row.kind is RowKind.REPORTED]
    printed = reported_rows(card.id, board.task, board.scheme, primary)
    if sorted(map(repr, reported)) != sorted(map(repr, printed)):
        yield Problem(
            path=place,
            rule=_RULE,
            expected=f"the {len(printed)} rows reported by papers",
            found=f"{len(reported)}",
        )


def _same(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return bool(abs(ours - theirs) <= _TOLERANCE)
    return ours == theirs
