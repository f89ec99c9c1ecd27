"""Own scores among the rows of a board: ranked together, by what ranks the board."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.assemble import DIGITS, board_inputs, rank_rows, reference_ids, rows_of, score_rows
from aqa_bench.boards.model import Board, Row, Standing, oracle_text
from aqa_bench.boards.receipts import standing_of, with_verdicts
from aqa_bench.boards.row_scores import RowScores, score_tables
from aqa_bench.boards.runs import SubmittedRun, check_files, run_folders
from aqa_bench.core.cards import Decision
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.record import RowKind, read_record
from aqa_bench.core.row_key import row_key
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Task
from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.metrics import METRICS
from aqa_bench.stats.scoring import primary_floor, skill_over

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Contender",
    "Line",
    "Origin",
    "Standings",
    "board_runs",
    "ordered",
    "printed",
    "printed_row",
    "rank_among",
]


class Origin(StrEnum):
    """Where a line comes from."""

    BOARD = "board"
    OWN = "own"
    REPORTED = "reported"
    """Printed in a paper; never scored here."""


@dataclass(frozen=True)
class Contender:
    """Own scores of one task: the seeds of a method, or an outside judge.

    Attributes:
        method: Method id, or the judge's name.
        recipe: Name of the recipe; empty for a judge.
        predictions: A predictions table for each seed.
        decision: Where thresholds come from.
        control: Whether it is a floor or shortcut control.
        oracle: Exact data that it reads.
        variant: What sets it apart from others of the recipe.
        key: Its :func:`~aqa_bench.core.row_key.row_key`; empty for a judge. A row of the board with the
            same key gives way.
        runs: Run-ids.
    """

    method: str
    recipe: str
    predictions: tuple[pd.DataFrame, ...]
    decision: Decision
    control: bool = False
    oracle: tuple[str, ...] = ()
    variant: str = ""
    key: str = ""
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of a board with own scores in it.

    Attributes:
        method: Method id, or the name of a judge.
        recipe: Name of the recipe.
        variant: What sets it apart from other lines of the recipe.
        seeds: Number of seeds.
        control: Whether it is a floor or shortcut control.
        badge: ``reproduced``, ``self-reported``, ``differs``, or empty.
        origin: Where it comes from.
        runs: Run-ids.
        rank: Rank group, 1 the best; None where it has none.
        rank_low: The best rank that the comparisons leave it.
        rank_high: The worst one.
        why_unranked: Why it has none, or empty.
        value: The primary metric; None where undefined.
        low: Lower end of its 95% interval.
        high: Upper end.
        skill: Share of the way from the floor to perfection.
        scored: Samples scored.
        scores: What it was computed from; None where that is not available.
    """

    method: str
    recipe: str
    variant: str
    seeds: int
    control: bool
    badge: str = ""
    origin: Origin = Origin.BOARD
    runs: tuple[str, ...] = ()
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    why_unranked: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    skill: float | None = None
    scored: int = 0
    scores: RowScores | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Method, recipe and variant."""
        return " ".join(filter(None, (self.method, self.recipe, f"({self.variant})" if self.variant else "")))


@dataclass(frozen=True)
class Standings:
    """Lines of one board, best first.

    Attributes:
        dataset: Dataset id.
        task: Task id.
        scheme: Split scheme.
        metric: The metric that ranks.
        higher_is_better: Its direction.
        floor: Its trivial value, or None.
        version: Version of the board; empty where there is none, and own scores stand alone.
        lines: The lines.
    """

    dataset: str
    task: str
    scheme: str
    metric: str
    higher_is_better: bool
    floor: float | None
    version: str
    lines: tuple[Line, ...]

    @property
    def ranked(self) -> int:
        """Number of lines with a rank."""
        return sum(line.rank is not None for line in self.lines)

    @property
    def best(self) -> Line | None:
        """The line of the best value: of those with a rank, where there are any."""
        known = [line for line in self.lines if line.value is not None and line.origin is not Origin.REPORTED]
        known = [line for line in known if line.rank is not None] or known
        sign = 1 if self.higher_is_better else -1
        return max(known, key=lambda line: sign * (line.value or 0.0), default=None)


def board_runs(submissions: Path, dataset: str, scheme: str, task: str) -> list[SubmittedRun]:
    """Submitted runs of one board under the current protocol, with the verdicts of their receipts.

    Raises:
        DataError: One is damaged.
    """
    found = [
        SubmittedRun(f"{dataset}/{path}", folder, read_record(folder))
        for path, folder in run_folders(submissions / dataset).items()
    ]
    runs = [
        run
        for run in found
        if run.record.benchmark_version == BENCHMARK_VERSION
        and run.record.dataset == dataset
        and run.record.scheme == scheme
        and task in run.record.tasks
    ]
    for problem in check_files(runs):
        raise DataError(
            "A submission is damaged.", where=problem.path, expected=problem.expected, found=problem.found
        )
    return with_verdicts(submissions, runs)


def rank_among(
    dataset: Dataset, task: Task, scheme: Scheme, board: Sequence[SubmittedRun], own: Sequence[Contender]
) -> Standings:
    """Score own predictions and a board's runs, and rank them together.

    Without own scores, values, intervals and ranks are those of the board.

    Args:
        dataset: The dataset, opened on the data that the runs were made on.
        task: The task.
        scheme: Split scheme.
        board: Submitted runs of that board; may be empty.
        own: Own scores.

    Raises:
        DataError: Predictions cannot be read, or name samples that the dataset does not have.
    """
    inputs = board_inputs(dataset, task, scheme)
    keys = {contender.key for contender in own} - {""}
    named = rows_of(run for run in board if row_key(run.record) not in keys)
    theirs = score_rows(inputs, named)
    ours = [
        score_tables(
            inputs,
            [(table, (), contender.decision, contender.method) for table in contender.predictions],
            data_seed(dataset.card.id, "own", place, contender.method, contender.recipe) % (1 << 31),
        )
        for place, contender in enumerate(own)
    ]
    rows = [*theirs, *ours]
    oracles = [
        *(tuple(members[0].record.oracle) if not members[0].record.control else () for members, _ in named),
        *(contender.oracle if not contender.control else () for contender in own),
    ]
    sets = [row.scores.ids for row in theirs or ours]
    reference = reference_ids(sets) if sets else ()
    same = [
        row for row, oracle in zip(rows, oracles, strict=True) if row.scores.ids == reference and not oracle
    ]
    ranks = rank_rows(dataset.card.id, same, inputs.primary) if scheme.honest else {}
    lines = []
    for place, (row, oracle) in enumerate(zip(rows, oracles, strict=True)):
        low, high = bca_bounds(row.value, row.distribution, row.evidence.influence, 0.95)
        rank, base = ranks.get(id(row)), primary_floor(row.scores, inputs.primary)
        value = _rounded(row.value)
        why = ""
        if row.scores.ids != reference:
            why = f"scored on {len(row.scores.ids)} samples, the other rows on {len(reference)}"
        elif value is None:
            why = f"{inputs.primary} is undefined"
        elif not scheme.honest:
            why = "its protocol shows test labels"
        elif oracle:
            why = oracle_text(oracle)
        known = _of_board(named[place]) if place < len(named) else _of_own(own[place - len(named)])
        lines.append(
            replace(
                known,
                rank=None if rank is None else rank.group,
                rank_low=None if rank is None else rank.low,
                rank_high=None if rank is None else rank.high,
                why_unranked=why,
                value=value,
                low=_rounded(low),
                high=_rounded(high),
                skill=_rounded(skill_over(None if value is None else row.value, base)),
                scored=len(row.scores.ids),
                scores=row,
            )
        )
    widest = next((row for row in rows if row.scores.ids == reference), None)
    return Standings(
        dataset=dataset.card.id,
        task=task.id,
        scheme=scheme.id,
        metric=inputs.primary,
        higher_is_better=METRICS[inputs.primary].higher_is_better,
        floor=None if widest is None else primary_floor(widest.scores, inputs.primary),
        version=BENCHMARK_VERSION if board else "",
        lines=ordered(lines, higher_is_better=METRICS[inputs.primary].higher_is_better),
    )


def ordered(lines: Iterable[Line], *, higher_is_better: bool) -> tuple[Line, ...]:
    """Ranked lines first, then the others, then what papers print; best values first."""
    sign = -1 if higher_is_better else 1

    def order(line: Line) -> tuple[bool, bool, int, float, str, str]:
        value = np.inf if line.value is None else sign * line.value
        reported = line.origin is Origin.REPORTED
        return reported, line.rank is None, line.rank or 0, value, line.method, line.recipe

    return tuple(sorted(lines, key=order))


def printed(board: Board) -> tuple[Line, ...]:
    """The rows of a board as its table has them."""
    return tuple(printed_row(row) for row in board.rows)


def _of_board(row: tuple[Sequence[SubmittedRun], str]) -> Line:
    members, variant = row
    first = members[0].record
    return Line(
        method=first.method,
        recipe=first.recipe,
        variant=variant,
        seeds=len({run.record.seed for run in members}),
        control=first.control,
        badge=standing_of(members)[0].value,
        runs=tuple(sorted(run.record.run_id for run in members)),
    )


def _of_own(own: Contender) -> Line:
    return Line(
        method=own.method,
        recipe=own.recipe,
        variant=own.variant,
        seeds=len(own.predictions),
        control=own.control,
        origin=Origin.OWN,
        runs=own.runs,
    )


def printed_row(row: Row) -> Line:
    """A row of a board as its table has it."""
    return Line(
        rank=row.rank,
        rank_low=row.rank_low,
        rank_high=row.rank_high,
        why_unranked=row.why_unranked,
        method=row.method,
        recipe=row.recipe,
        variant=row.variant,
        value=row.value,
        low=row.low,
        high=row.high,
        skill=row.skill,
        seeds=row.seeds,
        scored=row.scored,
        control=row.control,
        badge="" if row.standing is None else Standing(row.standing).value,
        origin=Origin.REPORTED if row.kind is RowKind.REPORTED else Origin.BOARD,
        runs=row.runs,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)
