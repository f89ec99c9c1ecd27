"""From submitted runs and a dataset's targets to boards with intervals and rank groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from aqa_bench.boards.costs import backbone_of, device_of, latency_ms, regime_of, shared
from aqa_bench.boards.model import Board, DatasetBoards, Row, Standing, oracle_text
from aqa_bench.boards.pretexts import pretexts_of
from aqa_bench.boards.receipts import standing_of
from aqa_bench.boards.reported import reported_rows
from aqa_bench.boards.row_scores import BoardInputs, RowScores, run_files, score_row
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.record import RowKind, RunRecord
from aqa_bench.core.row_key import row_key
from aqa_bench.core.seeds import data_seed
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Task, TaskKind
from aqa_bench.stats.bca import bca_bounds
from aqa_bench.stats.bootstrap import mean_over_seeds
from aqa_bench.stats.metrics import METRICS
from aqa_bench.stats.ranks import Rank, ranks_of
from aqa_bench.stats.run_scores import primary_metric
from aqa_bench.stats.scoring import AT_FIXED, metric_ids, primary_floor, skill_over
from aqa_bench.stats.separation import separation
from aqa_bench.stats.weighted import weighted_metric
from aqa_bench.stats.within import SPEARMAN_WITHIN, spearman_within

__all__ = [
    "DIGITS",
    "WITHOUT_RECEIPTS",
    "assemble",
    "board_inputs",
    "rank_rows",
    "reference_ids",
    "rows_of",
    "score_rows",
]

DIGITS = 6
"""Decimals kept in a table, so that it is the same text on every machine."""
WITHOUT_RECEIPTS = frozenset({"v1"})
"""Versions of the protocol that knew no receipts: their rows have no badge."""


@dataclass(frozen=True)
class _Scored(RowScores):
    """A row before it is ranked."""

    runs: tuple[SubmittedRun, ...]
    variant: str


def assemble(version: str, dataset: Dataset, runs: Sequence[SubmittedRun], *, jobs: int = 1) -> DatasetBoards:
    """Score every run again and rank the rows of each board.

    Args:
        version: Version of the leaderboards.
        dataset: The dataset, opened on the data that the runs were made on.
        runs: Its submitted runs.
        jobs: Processes; 1 scores in this one.

    Returns:
        Boards sorted by task and scheme in the card's order.

    Raises:
        DataError: A run names a task, scheme or sample that the dataset does not have.
    """
    by_board: dict[tuple[str, str], list[SubmittedRun]] = defaultdict(list)
    tasks, schemes = ({item.id for item in items} for items in (dataset.card.tasks, dataset.card.schemes))
    for run in runs:
        for task in run.record.tasks:
            if task not in tasks or run.record.scheme not in schemes:
                raise DataError(
                    "A run names a task or scheme that its dataset does not have.",
                    where=run.path,
                    expected=f"tasks {', '.join(sorted(tasks))}; schemes {', '.join(sorted(schemes))}",
                    found=f"{task}, {run.record.scheme}",
                )
            by_board[task, run.record.scheme].append(run)
    badges = version not in WITHOUT_RECEIPTS
    boards = tuple(
        _board(dataset, task, scheme, by_board[task.id, scheme.id], jobs, badges=badges)
        for task in dataset.card.tasks
        for scheme in dataset.card.schemes
        if (task.id, scheme.id) in by_board
    )
    return DatasetBoards(
        version=version, dataset=dataset.card.id, fingerprint=dataset.fingerprint(), boards=boards
    )


def _board(
    dataset: Dataset, task: Task, scheme: Scheme, runs: Sequence[SubmittedRun], jobs: int, *, badges: bool
) -> Board:
    board = board_inputs(dataset, task, scheme)
    primary, train_range = board.primary, board.train_range
    named = rows_of(runs)
    scores = score_rows(board, named, jobs=jobs)
    scored = [
        _Scored(**vars(row), runs=members, variant=variant)
        for row, (members, variant) in zip(scores, named, strict=True)
    ]
    reference = reference_ids([row.scores.ids for row in scored])
    widest = next(row.scores for row in scored if row.scores.ids == reference)
    base = primary_floor(widest, primary)
    ranked = (
        [r for r in scored if r.scores.ids == reference and not _is_oracle(r.runs[0].record)]
        if scheme.honest
        else []
    )
    ranks = rank_rows(dataset.card.id, ranked, primary)
    strata = dataset.strata(task.id)
    others = [name for name in metric_ids(task.kind, stratified=bool(strata)) if name != primary]
    secondary = _secondary(scored, others, train_range, strata)
    n_splits = len(dataset.splits(task.id, scheme.id))
    rows = [
        _row(row, primary, values, ranks, reference, scheme, n_splits, badges=badges)
        for row, values in zip(scored, secondary, strict=True)
    ]
    rows += reported_rows(dataset.card.id, task.id, scheme.id, primary)
    better = METRICS[primary].higher_is_better
    return Board(
        dataset=dataset.card.id,
        task=task.id,
        scheme=scheme.id,
        question=task.name,
        rule=scheme.description,
        honest=scheme.honest,
        primary=primary,
        higher_is_better=better,
        samples=len(reference),
        positive=None if task.kind is TaskKind.SCORE else int(widest.targets.sum()),
        groups=len(set(widest.groups.tolist())),
        floor=_rounded(base),
        rows=tuple(sorted(rows, key=lambda row: _order(row, better))),
    )


def board_inputs(dataset: Dataset, task: Task, scheme: Scheme) -> BoardInputs:
    """What all rows of a board are scored with."""
    targets = dataset.targets(task.id)
    groups = dict.fromkeys(targets, "") | {i: s.group for i, s in dataset.samples(task.id).items()}
    train = [targets[i] for i in dataset.splits(task.id, scheme.id)[0].train]
    return BoardInputs(
        dataset.card.id, task, primary_metric(task, scheme), targets, groups, (min(train), max(train))
    )


def score_rows(
    board: BoardInputs, rows: Sequence[tuple[Sequence[SubmittedRun], str]], *, jobs: int = 1
) -> list[RowScores]:
    """Scores of the rows that :func:`rows_of` gives.

    Args:
        board: What all rows of the board have in common.
        rows: Runs and variant of each row.
        jobs: Processes; 1 scores in this one.

    Raises:
        DataError: Predictions cannot be read, or name samples that the dataset does not have.
    """
    scores: list[RowScores] = Parallel(n_jobs=jobs)(
        delayed(score_row)(board, [run_files(run) for run in members], _stream(board, members[0], variant))
        for members, variant in rows
    )
    return scores


def rows_of(runs: Iterable[SubmittedRun]) -> list[tuple[tuple[SubmittedRun, ...], str]]:
    """Group runs that differ in nothing but the seed; name what sets groups of one recipe apart."""
    grouped: dict[str, list[SubmittedRun]] = defaultdict(list)
    for run in runs:
        grouped[row_key(run.record)].append(run)
    siblings: dict[tuple[str, str], list[SubmittedRun]] = defaultdict(list)
    for first, *_ in grouped.values():
        siblings[_name(first)].append(first)
    rows = []
    for members in grouped.values():
        alike = siblings[_name(members[0])]
        rows.append((tuple(members), "" if len(alike) == 1 else _variant(members[0], alike)))
    return rows


def _name(run: SubmittedRun) -> tuple[str, str]:
    return run.record.method, run.record.recipe


def _variant(run: SubmittedRun, siblings: Sequence[SubmittedRun]) -> str:
    def settings(of: SubmittedRun) -> dict[str, Any]:
        pool = {} if of.record.pool_dataset is None else {"pretrained on": of.record.pool_dataset}
        shuffled = {"labels": "shuffled"} if of.record.shuffled_labels else {}
        poses = {} if of.record.keypoints is None else {"keypoints": of.record.keypoints.told()}
        own = of.record.hyperparameters
        return {"version": of.record.method_version, **own, **pool, **shuffled, **poses}

    mine = settings(run)
    differ = [
        key
        for key in mine
        if key != "members" and any(settings(other).get(key) != mine[key] for other in siblings)
    ]
    return ", ".join(f"{key}={mine[key]}" for key in differ)


def _stream(board: BoardInputs, run: SubmittedRun, variant: str) -> int:
    return data_seed(board.dataset, run.record.method, run.record.recipe, variant) % (1 << 31)


def reference_ids(rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The id set that most rows were scored on; of equally frequent ones the largest."""
    counts = Counter(rows)
    return max(counts, key=lambda ids: (counts[ids], len(ids), ids))


def rank_rows(dataset: str, rows: Iterable[RowScores], primary: str) -> dict[int, Rank]:
    """Rank of every row that has a value, by the row's identity.

    Args:
        dataset: Id of the dataset.
        rows: The rows that may be ranked, all scored on the same samples.
        primary: The metric that ranks.
    """
    known = [row for row in rows if not np.isnan(row.value)]
    p = separation(
        [row.evidence for row in known],
        rng_seed=data_seed(dataset, "bootstrap"),
        streams=[row.stream for row in known],
    )
    better = METRICS[primary].higher_is_better
    ranks = ranks_of([row.value for row in known], p, higher_is_better=better)
    return {id(row): rank for row, rank in zip(known, ranks, strict=True)}


def _secondary(
    rows: Sequence[_Scored],
    metrics: Sequence[str],
    train_range: tuple[float, float],
    strata: Mapping[str, str],
) -> list[dict[str, float | None]]:
    """Metrics of every row, each computed once for the columns of all rows of the same samples."""
    values: list[dict[str, float | None]] = [{} for _ in rows]
    for ids in {row.scores.ids: None for row in rows}:
        members = [i for i, row in enumerate(rows) if row.scores.ids == ids]
        targets, once = rows[members[0]].scores.targets, np.ones((1, len(ids)))
        bounds = np.cumsum([len(rows[i].seeds) for i in members])[:-1]
        columns = []
        for name in metrics:
            table = np.hstack([rows[i].scores.values(name) for i in members])
            if name == SPEARMAN_WITHIN:
                columns.append(spearman_within(targets, table, [strata[i] for i in ids])[0])
            else:
                metric = name.removesuffix(AT_FIXED)
                columns.append(weighted_metric(metric, targets, table, once, train_range=train_range)[0])
        for i, part in zip(members, np.split(np.stack(columns), bounds, axis=1), strict=True):
            means = mean_over_seeds(part, rows[i].seeds).tolist()
            values[i] = dict(zip(metrics, map(_rounded, means), strict=True))
    return values


def _row(
    row: _Scored,
    primary: str,
    secondary: dict[str, float | None],
    ranks: Mapping[int, Rank],
    reference: tuple[str, ...],
    scheme: Scheme,
    n_splits: int,
    *,
    badges: bool,
) -> Row:
    record = row.runs[0].record
    why = ""
    if row.scores.ids != reference:
        why = f"scored on {len(row.scores.ids)} samples, the other rows on {len(reference)}"
    elif np.isnan(row.value):
        why = f"{primary} is undefined"
    elif not scheme.honest:
        why = "its protocol shows test labels"
    elif _is_oracle(record):
        why = oracle_text(record.oracle)
    low, high = bca_bounds(row.value, row.distribution, row.evidence.influence, 0.95)
    records = [r.record for r in row.runs]
    base = primary_floor(row.scores, primary)
    standing, reproduced = standing_of(row.runs) if badges else (None, 0)
    rank = None if why else ranks[id(row)]
    return Row(
        rank=None if rank is None else rank.group,
        rank_low=None if rank is None else rank.low,
        rank_high=None if rank is None else rank.high,
        why_unranked=why,
        method=record.method,
        recipe=record.recipe,
        variant=row.variant,
        kind=RowKind.MEASURED,
        control=record.control,
        oracle=tuple(record.oracle),
        modality=record.modality,
        regime=regime_of(record),
        pretrained_on=record.pretrained_on,
        value=_rounded(row.value),
        low=_rounded(low),
        high=_rounded(high),
        skill=_rounded(skill_over(None if np.isnan(row.value) else row.value, base)),
        secondary=secondary,
        seeds=len({r.seed for r in records}),
        splits=n_splits,
        scored=len(row.scores.ids),
        parameters=shared(r.parameters for r in records),
        backbone=backbone_of(record),
        gflops=shared(r.gflops for r in records),
        latency_ms=latency_ms(records, row.predictions),
        device=shared(map(device_of, records)) or "",
        # Tables of versions without badges stay as they were released.
        pretext=() if standing is None else pretexts_of(records),
        source="",
        runs=tuple(sorted(r.record.run_id for r in row.runs)),
        standing=standing,
        reproduced=reproduced,
    )


def _is_oracle(record: RunRecord) -> bool:
    """Whether its row stands apart: a control is ranked although it reads exact data, to be beaten."""
    return bool(record.oracle) and not record.control


def _order(row: Row, higher_is_better: bool) -> tuple[bool, bool, int, bool, float, str, str, str]:
    value = 0.0 if row.value is None else row.value
    equals = (0, False) if row.standing is None else (row.rank or 0, row.standing is not Standing.REPRODUCED)
    return (
        row.kind is RowKind.REPORTED,
        row.rank is None,
        *equals,
        -value if higher_is_better else value,
        row.method,
        row.recipe,
        row.variant,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)
