"""Scoring an outside judge: a model of elsewhere, an app, a person, by the scores that it gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from aqa_bench.boards.assemble import board_inputs
from aqa_bench.boards.model import Standing
from aqa_bench.boards.row_scores import BoardInputs, RowScores, score_tables
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.cards import Decision
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.lookup import find
from aqa_bench.core.record import RECORD_FILE
from aqa_bench.core.registry import find_scheme, find_task, open_dataset
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Task, TaskKind
from aqa_bench.front.differences import Comparison, compare_with, compare_with_floor
from aqa_bench.front.evaluated import Evaluation, TaskEvaluation
from aqa_bench.front.folders import submissions_folder
from aqa_bench.front.outside import OutsideScore, Source, read_scores
from aqa_bench.front.placing import Placed, place_scores
from aqa_bench.front.running import Run, contender_of, open_run
from aqa_bench.front.standings import Contender, Origin, Standings, board_runs, rank_among
from aqa_bench.front.words import interval, number
from aqa_bench.stats.run_scores import primary_metric, task_scores
from aqa_bench.stats.scoring import AT_FIXED, TaskScores, primary_floor, skill_over
from aqa_bench.stats.scoring import evaluate as evaluate_scores

__all__ = ["Against", "evaluate"]

Against: TypeAlias = "Run | str | Path"
"""A run, its folder, or a row of the board: its method, method and recipe, or a run-id."""

_RANKING = ("ap", "auroc")


def evaluate(
    predictions: Source,
    dataset: str,
    task: str | None = None,
    *,
    scheme: str | None = None,
    name: str | None = None,
    against: Against | Sequence[Against] = (),
    submissions: str | Path | None = None,
) -> Evaluation:
    """Score the predictions of any judge in the same way as those of a run. Nothing is stored.

    Thresholds of binary tasks are tuned on val scores if you provide them. Otherwise a score of 0.5 or more
    is an error. Test labels are never used to tune a threshold.

    Args:
        predictions: A CSV file or a DataFrame with columns ``sample_id`` and ``score``, and, optionally,
            ``task``, ``split`` (val, test) and ``fold`` (``r0f0``, ...). A higher score means that an error
            is more likely or, on quality tasks, that the quality is higher. Ids are those of the release,
            or names of its files.
        dataset: Dataset id.
        task: Task id; needed if the dataset has several and there is no column ``task``.
        scheme: Split scheme; the dataset's first by default.
        name: Name of the judge; the file's by default.
        against: Runs, folders of runs or rows of the board to compare with; by default the board's best
            reproduced row. The floor is always included.
        submissions: Folder of submitted runs; ``submissions`` here or in the checkout by default.

    Raises:
        UsageError: There is no such dataset, task, scheme, fold or row.
        DataError: The scores cannot be read, a sample is unknown or occurs twice, scores without a tuned
            threshold are outside [0, 1], or there is no such folder of submissions.

    Example:
        >>> import aqa_bench as aqa, pandas as pd
        >>> data = aqa.load_dataset("stick-figures/shoulder-press")
        >>> frames = [sample.media.length for sample in data.samples()]
        >>> scores = pd.DataFrame({"sample_id": data.samples().ids, "score": [1 / n for n in frames]})
        >>> ev = aqa.evaluate(scores, "stick-figures/shoulder-press", name="short clips are bad")
        >>> ev.table[["metric", "floor", "scored", "expected"]].values.tolist()
        [['accuracy', 0.6, 60, 60]]
    """
    opened = open_dataset(dataset)
    card = opened.card
    rule = find_scheme(card, scheme or card.schemes[0].id)
    rows = _by_task(read_scores(predictions), opened, task)
    given = [against] if isinstance(against, Run | str | Path) else list(against)
    others = [open_run(item) if not isinstance(item, Run) and _is_run(item) else item for item in given]
    label = name or (Path(predictions).stem if isinstance(predictions, str | Path) else "predictions")
    folder = submissions_folder(submissions)
    results, notes = {}, []
    for chosen, scores in rows:
        where = f"{card.id} {chosen.id}, scheme {rule.id}"
        placed = place_scores(
            scores, opened.splits(chosen.id, rule.id), opened.targets(chosen.id), chosen.id, where
        )
        board = [] if folder is None else board_runs(folder, card.id, rule.id, chosen.id)
        board = [run for run in board if run.record.dataset_fingerprint == opened.fingerprint()]
        results[chosen.id] = _judged(opened, chosen, rule, placed, board, others, label)
        notes += [note if len(rows) == 1 else f"{chosen.id}: {note}" for note in placed.notes]
        notes += list(_warnings(results[chosen.id]))
    if not rule.honest:
        notes.append("This scheme shows test labels to methods: its numbers are not comparable with others.")
    return Evaluation(label, card.id, rule.id, results, tuple(notes))


def _judged(
    dataset: Dataset,
    task: Task,
    scheme: Scheme,
    placed: Placed,
    board: Sequence[SubmittedRun],
    others: Sequence[Against],
    name: str,
) -> TaskEvaluation:
    scores = task_scores(dataset, task, scheme, placed.predictions, Decision.TUNED, name)
    metric = primary_metric(task, scheme)
    threshold, means_something = _threshold(task, placed, scores, dataset.targets(task.id))
    inputs = board_inputs(dataset, task, scheme)
    score_range = inputs.train_range if task.kind is TaskKind.SCORE else None
    metrics = evaluate_scores(scores, dataset=dataset.card.id, kind=task.kind, train_range=score_range)
    metrics = {key: value for key, value in metrics.items() if means_something(key)}
    if metric not in metrics:
        raise DataError(
            "These scores have no threshold for an error.",
            where=name,
            expected="val scores of both classes in every fold, or scores in [0, 1], with 0.5 or more for "
            "an error",
            found=f"scores from {np.nanmin(scores.scores):g} to {np.nanmax(scores.scores):g}",
            remedy="Add rows for the val samples, or rescale the scores so that 0.5 is the judge's "
            "threshold.",
        )
    own = Contender(name, "", (placed.predictions,), Decision.TUNED)
    standings = rank_among(dataset, task, scheme, board, [own])
    line, own_scores = next(
        (line, line.scores)
        for line in standings.lines
        if line.origin is Origin.OWN and line.scores is not None
    )
    floor = primary_floor(scores, metric)
    return TaskEvaluation(
        task=task.id,
        metric=metric,
        metrics=metrics,
        floor=floor,
        skill=skill_over(metrics[metric].value, floor),
        threshold=threshold,
        scored=len(scores.ids),
        expected=placed.expected,
        missing=placed.missing,
        line=line,
        ranked=standings.ranked,
        board=standings.version,
        differences=tuple(_differences(dataset, inputs, standings, own_scores, others)),
        predictions=placed.predictions,
    )


def _threshold(
    task: Task, placed: Placed, scores: TaskScores, targets: Mapping[str, float]
) -> tuple[str, Callable[[str], bool]]:
    """Where decisions come from, in words, and which metrics mean something then."""
    if task.kind is TaskKind.SCORE:
        return "", lambda metric: True
    val = placed.predictions[placed.predictions["split"] == "val"]
    classes = val["sample_id"].map(targets).groupby(val["fold"]).nunique()
    tuned, folds = int((classes == 2).sum()), len(scores.thresholds)
    if tuned == folds:
        words = "threshold tuned on val"
    elif tuned:
        words = f"threshold tuned on val in {tuned} of {folds} folds, 0.5 in the others"
    else:
        words = f"threshold 0.5: {'val has one class' if len(val) else 'no val scores'}"
    in_range = np.nanmin(scores.scores) >= 0 and np.nanmax(scores.scores) <= 1

    def means_something(metric: str) -> bool:
        if in_range or metric in _RANKING:
            return True
        return tuned == folds and not metric.endswith(AT_FIXED)

    return words, means_something


def _by_task(
    rows: Sequence[OutsideScore], dataset: Dataset, task: str | None
) -> list[tuple[Task, list[OutsideScore]]]:
    card = dataset.card
    asked = None if task is None else find_task(card, task)
    named: dict[str, list[OutsideScore]] = {}
    for row in rows:
        named.setdefault(row.task, []).append(row)
    if "" in named:
        if len(named) > 1:
            raise UsageError(
                "Only some rows name a task.",
                expected="a task in every row or in none",
                found=f"none in {named[''][0].place}",
            )
        if asked is None and len(card.tasks) > 1:
            raise UsageError(
                f"{card.id} has several tasks.",
                expected=", ".join(t.id for t in card.tasks),
                found="no task",
                remedy="Choose one (--task), or add a column task.",
            )
        return [(asked or card.tasks[0], named[""])]
    chosen = [find_task(card, name) for name in named if asked is None or name == asked.id]
    if not chosen:
        raise UsageError(
            "The scores are for other tasks.",
            expected=task,
            found=", ".join(named),
            remedy="Choose one of them.",
        )
    return [(each, named[each.id]) for each in chosen]


def _differences(
    dataset: Dataset, inputs: BoardInputs, standings: Standings, own: RowScores, others: Sequence[Against]
) -> Iterator[Comparison]:
    if (base := compare_with_floor(inputs, own)) is not None:
        yield base
    rows = [line for line in standings.lines if line.origin is Origin.BOARD and line.scores is not None]
    if not others:
        contenders = [line for line in rows if line.rank is not None and not line.control]
        known = [line for line in contenders if line.badge == Standing.REPRODUCED] or contenders
        sign = 1 if standings.higher_is_better else -1
        best = max(known, key=lambda line: sign * (line.value or 0.0), default=None)
        if best is not None and best.scores is not None:
            badge = f", {best.badge}" if best.badge else ""
            yield compare_with(inputs, own, best.scores, f"{best.name} (the board's best{badge})")
        return
    by_name = {
        key: (line.name, line.scores)
        for line in reversed(rows)
        if line.scores is not None
        for key in (line.method, line.name, *line.runs)
    }
    for other in others:
        if isinstance(other, Run):
            name = f"{other.record.method} {other.record.recipe}, seed {other.record.seed}"
            yield compare_with(inputs, own, _run_scores(dataset, inputs, standings.scheme, other), name)
        else:
            name, scores = find(by_name, str(other), "run or row of the board", "aqa-bench runs")
            yield compare_with(inputs, own, scores, name)


def _run_scores(dataset: Dataset, inputs: BoardInputs, scheme: str, run: Run) -> RowScores:
    record, task = run.record, inputs.task.id
    here = dataset.card.id, scheme, dataset.fingerprint()
    if (record.dataset, record.scheme, record.dataset_fingerprint) != here or task not in record.tasks:
        raise UsageError(
            "The run to compare with has a different dataset, task or scheme.",
            where=run.path,
            expected=f"{dataset.card.id}, {task}, scheme {scheme}, fingerprint {here[2][:16]}",
            found=f"{record.dataset}, {', '.join(record.tasks)}, scheme {record.scheme}, fingerprint "
            f"{record.dataset_fingerprint[:16]}",
            remedy="Choose a run of the same dataset, task and scheme.",
        )
    contender = contender_of([run])
    members = [(table, (), contender.decision, str(run.path)) for table in contender.predictions]
    return score_tables(inputs, members, 0)


def _is_run(item: Against) -> bool:
    return isinstance(item, str | Path) and (Path(item) / RECORD_FILE).is_file()


def _warnings(found: TaskEvaluation) -> Iterator[str]:
    auroc = found.metrics.get("auroc")
    if auroc is not None and auroc.high is not None and auroc.high < 0.5:
        yield (
            f"{found.task}: AUROC {number(auroc.value)} {interval(auroc.low, auroc.high)}: "
            "these scores are lower for more likely errors. Reverse them if a high score means good form."
        )
