"""A board as a DataFrame, with own runs among its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.assemble import rows_of
from aqa_bench.boards.building.problems import committed_boards
from aqa_bench.boards.model import Board, board_name
from aqa_bench.boards.reported import reported_rows
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.boards.versions import versions
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.registry import find_dataset, find_scheme, find_task, open_dataset
from aqa_bench.front.evaluated import Evaluation
from aqa_bench.front.folders import leaderboards_folder, submissions_folder
from aqa_bench.front.running import Run, contender_of, open_run
from aqa_bench.front.standings import (
    Contender,
    Line,
    Origin,
    Standings,
    board_runs,
    ordered,
    printed,
    printed_row,
    rank_among,
)
from aqa_bench.stats.metrics import METRICS
from aqa_bench.stats.run_scores import primary_metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Extra", "Leaderboard", "committed_board", "contenders", "leaderboard", "standings_of"]

Extra: TypeAlias = "Run | Evaluation | str | Path"
"""An own run, its folder, or evaluated scores."""

_COLUMNS = (
    "rank", "rank_low", "rank_high", "method", "recipe", "variant", "value", "low", "high", "skill", "seeds",
    "scored", "control", "badge", "origin", "why_unranked",
)  # fmt: skip


class Leaderboard(pd.DataFrame):
    """A DataFrame of a board's rows that can draw itself.

    ``attrs`` says ``dataset``, ``task``, ``scheme``, ``metric``, ``floor`` and ``version``.
    """

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        # A selection of rows or columns is a plain DataFrame.
        return pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:  # type: ignore[override]
        """Dot and 95% interval of each row, own rows in blue, the floor dashed.

        Args:
            ax: Where to draw; a new figure by default.

        Raises:
            UsageError: Matplotlib is not installed.
        """
        from aqa_bench.front.plots import dots

        table = self.astype(object).where(self.notna(), None)
        rows = [
            (f"{r['method']} {r['recipe']}".strip(), r["value"], r["low"], r["high"], r["origin"] == "own")
            for r in table.to_dict("records")
        ]
        return dots(rows, [self.attrs["floor"]], self.attrs["metric"], ax)


def leaderboard(
    dataset: str,
    task: str | None = None,
    *,
    scheme: str | None = None,
    extra: Extra | Sequence[Extra] = (),
    submissions: str | Path | None = None,
    leaderboards: str | Path | None = None,
) -> Leaderboard:
    """Return the board of a task, with your own runs and evaluated scores ranked in it.

    If the labels are on this machine, all rows are scored and ranked together by the board's metric.
    Otherwise the rows come from the committed table, and your runs are unranked, with the numbers of their
    records. For a dataset without a board, only your runs are shown.

    Args:
        dataset: Dataset id.
        task: Task id; the dataset's first by default.
        scheme: Split scheme; that of ``extra``, else the dataset's first by default.
        extra: Your own runs, their folders, or evaluations, or one of these; runs that differ only in the
            seed form one row.
        submissions: Folder of submitted runs; ``submissions`` here or in the checkout by default.
        leaderboards: Folder of leaderboards, likewise.

    Returns:
        Best first: rank group and ranks, method, recipe, the primary metric with 95% interval, skill,
        seeds, and ``origin``: ``board``, ``own``, or ``reported`` by a paper.

    Raises:
        UsageError: There is no such dataset, task or scheme, or an extra run does not belong to that board.
        DataError: A run is damaged, or a folder that was named does not exist.

    Example:
        >>> import aqa_bench as aqa
        >>> board = aqa.leaderboard("pose-trainer/shoulder-press", task="form", scheme="folds")
        >>> list(board.columns[:4])
        ['rank', 'rank_low', 'rank_high', 'method']
    """
    found = standings_of(
        dataset, task, scheme=scheme, extra=extra, submissions=submissions, leaderboards=leaderboards
    )
    return as_frame(found)


def as_frame(standings: Standings) -> Leaderboard:
    """Standings as a DataFrame."""
    rows = [{name: getattr(line, name) for name in _COLUMNS} for line in standings.lines]
    frame = Leaderboard(rows, columns=list(_COLUMNS))
    for name in ("rank", "rank_low", "rank_high"):
        frame[name] = frame[name].astype("Int64")
    frame["origin"] = [line.origin.value for line in standings.lines]
    names = ("dataset", "task", "scheme", "metric", "floor", "version")
    frame.attrs.update({name: getattr(standings, name) for name in names})
    return frame


def standings_of(
    dataset: str,
    task: str | None = None,
    *,
    scheme: str | None = None,
    extra: Extra | Sequence[Extra] = (),
    submissions: str | Path | None = None,
    leaderboards: str | Path | None = None,
) -> Standings:
    """What :func:`leaderboard` shows; arguments and errors as there."""
    card = find_dataset(dataset)
    chosen = card.tasks[0] if task is None else find_task(card, task)
    given = [extra] if isinstance(extra, Run | Evaluation | str | Path) else list(extra)
    own = [open_run(item) if isinstance(item, str | Path) else _checked(item) for item in given]
    asked = scheme or next((_scheme(item) for item in own), card.schemes[0].id)
    rule = find_scheme(card, asked)
    for item in own:
        _check_place(item, card.id, chosen.id, rule.id)
    folder = submissions_folder(submissions)
    board = [] if folder is None else board_runs(folder, card.id, rule.id, chosen.id)
    runs = [item for item in own if isinstance(item, Run)]
    metric = primary_metric(chosen, rule)
    better = METRICS[metric].higher_is_better
    table = None if board else committed_board(leaderboards, card, chosen.id, rule.id)
    opened = _opened(card, board)
    if opened is not None and (board or own):
        here = opened.fingerprint()
        stale = [run for run in runs if run.record.dataset_fingerprint != here]
        fresh = [item for item in own if item not in stale]
        found = rank_among(opened, chosen, rule, board, contenders(fresh, chosen.id))
        lines = [*found.lines, *(_claimed(*row, chosen.id, metric) for row in _rows(stale))]
        if table is None:
            lines += [printed_row(row) for row in reported_rows(card.id, chosen.id, rule.id, metric)]
            return replace(found, lines=ordered(lines, higher_is_better=better))
        why = f"the board uses protocol {table[0]}"
        lines = [replace(line, rank=None, rank_low=None, rank_high=None, why_unranked=why) for line in lines]
        return replace(found, version=table[0], lines=(*printed(table[1]), *lines))
    table = table or committed_board(leaderboards, card, chosen.id, rule.id)
    lines = [_claimed(*row, chosen.id, metric) for row in _rows(runs)]
    return Standings(
        dataset=card.id,
        task=chosen.id,
        scheme=rule.id,
        metric=metric,
        higher_is_better=better,
        floor=table[1].floor if table else next((run.record.floors[chosen.id] for run in runs), None),
        version=table[0] if table else "",
        lines=ordered([*(printed(table[1]) if table else ()), *lines], higher_is_better=better),
    )


def contenders(extra: Iterable[Run | Evaluation], task: str) -> list[Contender]:
    """Own runs, grouped by seed, and evaluations, as contenders of a board."""
    items = list(extra)
    judged = [item.contender(task) for item in items if isinstance(item, Evaluation)]
    return [contender_of(*row) for row in _rows([item for item in items if isinstance(item, Run)])] + judged


def _rows(runs: Sequence[Run]) -> list[tuple[list[Run], str]]:
    by_path = {run.path.as_posix(): run for run in runs}
    submitted = [SubmittedRun(path, run.path, run.record) for path, run in by_path.items()]
    return [
        ([by_path[member.path] for member in members], variant) for members, variant in rows_of(submitted)
    ]


def _claimed(members: Sequence[Run], variant: str, task: str, metric: str) -> Line:
    """A row of what its records say; several seeds have a mean and no interval."""
    records = [run.record for run in members]
    values = [record.metrics[task][metric].value for record in records]
    skills = [record.skill[task] for record in records]
    alone = records[0].metrics[task][metric] if len(records) == 1 else None
    return Line(
        method=records[0].method,
        recipe=records[0].recipe,
        variant=variant,
        seeds=len({record.seed for record in records}),
        control=records[0].control,
        origin=Origin.OWN,
        runs=tuple(sorted(record.run_id for record in records)),
        why_unranked="its labels are not available here, or it used different data, so these are the "
        "numbers of its records",
        value=_mean(values),
        low=None if alone is None else alone.low,
        high=None if alone is None else alone.high,
        skill=_mean(skills),
        scored=max(record.coverage[task].scored for record in records),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def committed_board(
    leaderboards: str | Path | None, card: DatasetCard, task: str, scheme: str
) -> tuple[str, Board] | None:
    """The newest committed board with its version; that of the current protocol where there is one.

    Args:
        leaderboards: Folder of leaderboards; those that come with the benchmark by default.
        card: Card of the dataset.
        task: Task id.
        scheme: Scheme id.
    """
    folder = leaderboards_folder(leaderboards)
    known = [] if folder is None else [v for v in versions(folder) if v != BENCHMARK_VERSION]
    for version in (BENCHMARK_VERSION, *reversed(known)):
        boards = None if folder is None else committed_boards(folder / version / board_name(card.id))
        for board in () if boards is None else boards.boards:
            if (board.task, board.scheme) == (task, scheme):
                return version, board
    return None


def _opened(card: DatasetCard, board: Iterable[SubmittedRun]) -> Dataset | None:
    """The dataset, if it is here and is what the board's runs were made on."""
    try:
        dataset = open_dataset(card.id)
    except AqaBenchError:
        return None
    known = {run.record.dataset_fingerprint for run in board}
    return dataset if known <= {dataset.fingerprint()} else None


def _checked(item: Run | Evaluation) -> Run | Evaluation:
    if isinstance(item, Run | Evaluation):
        return item
    raise UsageError(
        "This cannot be ranked on a board.",
        where="extra",
        expected="a run, its folder, or an evaluation",
        found=repr(item)[:100],
    )


def _scheme(item: Run | Evaluation) -> str:
    return item.record.scheme if isinstance(item, Run) else item.scheme


def _check_place(item: Run | Evaluation, dataset: str, task: str, scheme: str) -> None:
    ours: Any = item.record if isinstance(item, Run) else item
    if (ours.dataset, ours.scheme) != (dataset, scheme) or task not in ours.tasks:
        raise UsageError(
            "One of the extra runs does not belong to this board.",
            where=item.path if isinstance(item, Run) else item.name,
            expected=f"{dataset}, {task}, {scheme}",
            found=f"{ours.dataset}, {', '.join(ours.tasks)}, {ours.scheme}",
            remedy="Choose the task and scheme of the run, or remove the run.",
        )
