"""Does a record agree with itself and its predictions? What can be told without labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.cards import Decision
from aqa_bench.core.record import MetricValue
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.core.task import TaskKind
from aqa_bench.stats.metrics import METRICS
from aqa_bench.stats.scoring import AT_FIXED, metric_ids, skill_over
from aqa_bench.stats.thresholds import FIXED_THRESHOLD
from aqa_bench.stats.within import SPEARMAN_WITHIN

__all__ = ["check_identity", "check_record", "task_kinds"]

CLOCK_TOLERANCE = timedelta(days=1)
"""How far a run's end may lie in the future of the machine that validates it."""
_TOLERANCE = 1e-9
_BY_TASK = ("splits_fingerprint", "pool_size", "thresholds", "coverage", "metrics", "floors", "skill")
_CONSISTENT = "the record agrees with itself"


def task_kinds(submission: Submission, known: Mapping[str, TaskKind]) -> dict[str, TaskKind]:
    """Kind of every task: the card's, or where there is none, what the record gives away.

    Args:
        submission: The run.
        known: Kind of every task of the dataset's card; empty where the dataset is not known.
    """
    record = submission.record
    return {
        name: known.get(name, TaskKind.SCORE if name in record.train_ranges else TaskKind.BINARY)
        for name in record.tasks
    }


def check_identity(submission: Submission) -> Iterator[Problem]:
    """Check that path, run-id and everything that the run-id is a hash of belong together."""
    record = submission.record
    path = f"{record.dataset}/{record.method}/{record.run_id}"
    if submission.path != path:
        yield Problem(
            path=submission.path, rule="the path repeats the record", expected=path, found=submission.path
        )
    expected = recorded_run_id(record)
    if record.run_id != expected:
        yield submission.about_record(
            "run_id", "the run-id is the hash of what decides the result", expected, record.run_id
        )
    if record.benchmark_version != BENCHMARK_VERSION:
        yield submission.about_record(
            "benchmark_version",
            "the protocol is the current one",
            BENCHMARK_VERSION,
            record.benchmark_version,
        )
    if (record.pool_dataset is None) != (record.pool_fingerprint is None):
        yield submission.about_record(
            "pool_fingerprint", _CONSISTENT, "set if and only if pool_dataset is set", record.pool_fingerprint
        )


def check_record(submission: Submission, kinds: Mapping[str, TaskKind]) -> Iterator[Problem]:
    """Check every value that follows from others, or can only lie in a range.

    Args:
        submission: The run.
        kinds: Kind of every task of the record.
    """
    record, table = submission.record, submission.predictions
    if not record.tasks or len(set(record.tasks)) != len(record.tasks):
        yield submission.about_record("tasks", _CONSISTENT, "one or more tasks, each once", record.tasks)
        return
    wanted = {field: set(record.tasks) for field in _BY_TASK}
    wanted["train_ranges"] = {name for name, kind in kinds.items() if kind is TaskKind.SCORE}
    uneven = False
    for field, tasks in wanted.items():
        given = set(getattr(record, field))
        if given != tasks:
            uneven = True
            yield submission.about_record(
                field, _CONSISTENT, f"an entry for {sorted(tasks) or 'no task'}", sorted(given)
            )
    yield from _plausible(submission)
    if uneven or table is None:
        return
    for name, kind in kinds.items():
        rows = table[table["task"] == name]
        yield from _check_coverage(submission, name, rows)
        yield from _check_thresholds(submission, name, kind, rows)
        yield from _check_metrics(submission, name, kind)


def _plausible(submission: Submission) -> Iterator[Problem]:
    record = submission.record
    now = datetime.now(UTC)
    if record.created.tzinfo is None or record.created > now + CLOCK_TOLERANCE:
        yield submission.about_record(
            "created",
            "the run has finished",
            f"a time with a time zone, not after {now:%Y-%m-%d}",
            record.created,
        )
    amounts: dict[str, Any] = {f"timings.{name}": value for name, value in record.timings.items()}
    amounts |= {f"pool_size.{name}": value for name, value in record.pool_size.items()}
    amounts |= {name: getattr(record, name) for name in ("parameters", "gflops", "seed", "batch_size")}
    for name, value in amounts.items():
        if value is not None and value < 0:
            yield submission.about_record(name, "amounts are not negative", "0 or more", value)


def _check_coverage(submission: Submission, task: str, rows: pd.DataFrame) -> Iterator[Problem]:
    coverage = submission.record.coverage[task]
    tested = rows.loc[rows["split"] == "test", "sample_id"].nunique()
    if coverage.scored != tested or not 0 < tested <= coverage.expected:
        yield submission.about_record(
            f"coverage.{task}",
            "coverage matches the predictions",
            f"scored {tested}, expected at least as many",
            f"scored {coverage.scored}, expected {coverage.expected}",
        )


def _check_thresholds(
    submission: Submission, task: str, kind: TaskKind, rows: pd.DataFrame
) -> Iterator[Problem]:
    thresholds = submission.record.thresholds[task]
    folds = set() if kind is TaskKind.SCORE else set(rows["fold"])
    if thresholds.keys() != folds:
        yield submission.about_record(
            f"thresholds.{task}", _CONSISTENT, f"one per fold: {sorted(folds)}", sorted(thresholds)
        )
        return
    tuned = set(rows.loc[rows["split"] == "val", "fold"])
    for fold, value in thresholds.items():
        own = submission.record.decision is Decision.OWN or fold not in tuned
        if own and value != FIXED_THRESHOLD:
            yield submission.about_record(
                f"thresholds.{task}.{fold}", "thresholds come from val", FIXED_THRESHOLD, value
            )


def _check_metrics(submission: Submission, task: str, kind: TaskKind) -> Iterator[Problem]:
    record = submission.record
    values = record.metrics[task]
    ids = set(metric_ids(kind))
    if not ids <= values.keys() <= ids | set(metric_ids(kind, stratified=True)):
        yield submission.about_record(f"metrics.{task}", _CONSISTENT, sorted(ids), sorted(values))
        return
    for name, value in values.items():
        reason = _odd_interval(name, value)
        if reason:
            yield submission.about_record(f"metrics.{task}.{name}", _CONSISTENT, reason, value)
    skills = [skill_over(value.value, record.floors[task]) for value in values.values()]
    if not any(_close(skill, record.skill[task]) for skill in skills):
        yield submission.about_record(
            f"skill.{task}", _CONSISTENT, "(value - floor) / (1 - floor) of a metric", record.skill[task]
        )


def _odd_interval(name: str, value: MetricValue) -> str:
    bounds = METRICS[name.removesuffix(AT_FIXED)] if name != SPEARMAN_WITHIN else METRICS["spearman"]
    numbers = [number for number in (value.value, value.low, value.high) if number is not None]
    if any(not bounds.low - _TOLERANCE <= number <= bounds.high + _TOLERANCE for number in numbers):
        return f"between {bounds.low:g} and {bounds.high:g}"
    if (value.low is None) != (value.high is None) or (value.value is None and value.low is not None):
        return "a value with both ends of its interval"
    if value.low is not None and value.high is not None and value.low > value.high:
        return "low below high"
    return ""


def _close(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else math.isclose(a, b, rel_tol=0, abs_tol=_TOLERANCE)
