"""Finding the rows that a comparison is of, and the commands for those that are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from aqa_bench.boards.claims.model import ClaimFile, Contender, Pair, Way, parse_way
from aqa_bench.boards.claims.result import Missing
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.dataset_id import family_of, split_preset, with_preset
from aqa_bench.core.recipe_file import recipe_names
from aqa_bench.core.record import RunRecord
from aqa_bench.core.registry import methods
from aqa_bench.core.row_key import row_key

__all__ = ["Place", "Row", "Rows", "pool_of", "ways_of"]

Row = tuple[SubmittedRun, ...]
"""Runs that differ in nothing but the seed."""


@dataclass(frozen=True)
class Place:
    """Where comparisons are made.

    Attributes:
        dataset: Dataset id, with its preset.
        scheme: Split scheme.
        real: Whether the data are real.
    """

    dataset: str
    scheme: str
    real: bool


class Rows:
    """Rows of boards by who is compared.

    Args:
        file: The claims.
        runs: Submitted runs.
    """

    def __init__(self, file: ClaimFile, runs: Iterable[SubmittedRun]) -> None:
        self._file = file
        self._by_id: dict[str, SubmittedRun] = {}
        boards: dict[tuple[str, str, str], dict[str, Row]] = defaultdict(lambda: defaultdict(tuple))
        for run in sorted(runs, key=lambda run: run.path):
            self._by_id[run.record.run_id] = run
            for task in run.record.tasks:
                boards[run.record.dataset, run.record.scheme, task][row_key(run.record)] += (run,)
        self._boards = {board: dict(rows) for board, rows in boards.items()}

    def on(self, place: Place, tasks: Iterable[str]) -> bool:
        """Whether there is any run of these tasks at that place."""
        return any((place.dataset, place.scheme, task) in self._boards for task in tasks)

    def row(self, name: str, budget: str, place: Place, task: str) -> Row | None:
        """The row of a contender, or None.

        Of several the one of the newest version of its method, then the one with the most seeds.
        """
        contender = self._file.contender(name)
        board = self._boards.get((place.dataset, place.scheme, task), {})
        if contender.members:
            fits = [row for row in board.values() if all(self._joins(run, contender, budget) for run in row)]
            return _chosen(fits)
        for way in ways_of(self._file, name, budget):
            fits = [row for row in board.values() if _is_of(row[0].record, contender, way)]
            if fits:
                return _chosen(fits)
        return None

    def sides(self, pair: Pair, place: Place) -> tuple[Row, Row] | None:
        """The rows of a comparison under the first budget that both sides have rows of.

        A printed value has an empty row.
        """
        for budget in self._file.budgets:
            found = [
                ()
                if self._file.contender(name).printed is not None
                else self.row(name, budget, at, pair.task)
                for name, at in _ends(pair, place)
            ]
            if found[0] is not None and found[1] is not None:
                return found[0], found[1]
        return None

    def missing(self, pair: Pair, place: Place) -> Iterator[Missing]:
        """What a comparison lacks, under the first budget that any side has a row of.

        Without any, real data ask for the most faithful recipes and generated ones for the next.
        """
        budgets = self._file.budgets
        known = [
            b for b in budgets if any(self._has(name, b, at, pair.task) for name, at in _ends(pair, place))
        ]
        start = budgets.index(known[0]) if known else min(not place.real, len(budgets) - 1)
        for name, at in _ends(pair, place):
            if self._file.contender(name).printed is None and not self._has(
                name, budgets[start], at, pair.task
            ):
                yield from self._commands(name, start, at, pair.task)

    def _has(self, name: str, budget: str, place: Place, task: str) -> bool:
        return self.row(name, budget, place, task) is not None

    def _commands(self, name: str, start: int, place: Place, task: str) -> Iterator[Missing]:
        contender = self._file.contender(name)
        for member in contender.members:
            if not self._has(member, self._file.budgets[start], place, task):
                yield from self._commands(member, start, place, task)
        if contender.members:
            runs = " ".join(f"RUN-OF-{member}" for member in contender.members)
            yield Missing(name=name, command=f"aqa-bench ensemble {runs}")
            return
        later = (self._file.budgets[start:], self._file.budgets[:start])
        ways = [way for part in later for budget in part for way in ways_of(self._file, name, budget)]
        for way in ways[:1]:
            yield Missing(name=name, command=_command(contender, way, place, task))

    def _joins(self, run: SubmittedRun, contender: Contender, budget: str) -> bool:
        """Whether a run is an ensemble of the contender's members."""
        members = [self._by_id[name].record for name in run.record.members if name in self._by_id]
        wanted = [
            (self._file.contender(name), ways_of(self._file, name, budget)) for name in contender.members
        ]
        fits = [
            [any(_is_of(record, member, way) for way in ways) for record in members]
            for member, ways in wanted
        ]
        whole = len(members) == len(run.record.members) == len(wanted)
        return whole and all(map(any, fits)) and all(map(any, zip(*fits, strict=True)))


def ways_of(file: ClaimFile, name: str, budget: str) -> tuple[Way, ...]:
    """How a contender is run under a budget, in order of preference; empty where it is not.

    Args:
        file: The claims.
        name: The contender.
        budget: One of the file's budgets.
    """
    contender = file.contender(name)
    if contender.ways:
        return tuple(map(parse_way, contender.ways.get(budget, ())))
    known = _recipes(contender.method)
    later = (b for b in file.budgets[file.budgets.index(budget) :] if b in known)
    return tuple(Way(recipe) for recipe in list(later)[:1])


def pool_of(contender: Contender, dataset: str) -> str | None:
    """Dataset that a contender's representation is learned from, where it is not the judged one."""
    if not contender.pool or "/" in contender.pool:
        return contender.pool or None
    return with_preset(f"{family_of(dataset)}/{contender.pool}", split_preset(dataset)[1])


def _ends(pair: Pair, place: Place) -> tuple[tuple[str, Place], tuple[str, Place]]:
    elsewhere = Place(pair.better_on, place.scheme, place.real) if pair.better_on else place
    return (pair.better, elsewhere), (pair.worse, place)


def _chosen(rows: Sequence[Row]) -> Row | None:
    def order(row: Row) -> tuple[int, int, str]:
        return -row[0].record.method_version, -len(row), row_key(row[0].record)

    return min(rows, key=order) if rows else None


def _is_of(record: RunRecord, contender: Contender, way: Way) -> bool:
    return (
        record.method == contender.method
        and not record.members
        and not record.shuffled_labels
        and fnmatchcase(record.recipe, way.recipe)
        and all(_text(record.hyperparameters.get(key)) == value for key, value in way.settings)
        and record.pool_dataset == pool_of(contender, record.dataset)
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _command(contender: Contender, way: Way, place: Place, task: str) -> str:
    pool = pool_of(contender, place.dataset)
    parts = [
        f"aqa-bench run --method {contender.method} --recipe {way.recipe.rstrip('*')}",
        *(f"--set {key}={value}" for key, value in way.settings),
        *([way.options] if way.options else []),
        f"--dataset {place.dataset} --task {task}",
        *([f"--pretrain-on {pool}"] if pool else []),
        *([] if place.scheme == "official" else [f"--scheme {place.scheme}"]),
    ]
    return " ".join(parts)


@cache
def _recipes(method: str) -> frozenset[str]:
    plugin = methods().get(method)
    return frozenset() if plugin is None else frozenset(recipe_names(plugin.folder))
