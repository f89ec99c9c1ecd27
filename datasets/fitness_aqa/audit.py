"""The audit of a release: read everything again and compare it with its index and with what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

from aqa_bench.core.dataset import Audit, Dataset
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.split import Split

from .coverage import blocked, overall
from .index import Index
from .inspection import inspect
from .layout import EXERCISES, Kind
from .measures import (
    byte_identical,
    clip_measures,
    contradicted,
    straddling_groups,
    task_audit,
    track_differences,
    twins_across,
)
from .notes import file_departures, sentences, split_departures
from .parallel import read_all
from .pool import Pool, select_pool
from .published import Published

__all__ = ["audit_release", "changed_files"]


def audit_release(
    dataset: Dataset, index: Index, published: Published | None, progress: Progress | None = None
) -> Audit:
    """Audit one exercise, with all cores.

    ``ok`` holds if every task can be run on all the ids of its splits, no file changed since the
    dataset was prepared, and the splits have their published sizes and numbers of errors.

    Args:
        dataset: The exercise, for its samples, targets and splits.
        index: Its index.
        published: What was published, where that is known.
        progress: Where to report.

    Returns:
        The audit; every measurement is under ``details``.
    """
    changed = changed_files(index, progress or NullProgress())
    tasks = [task.id for task in dataset.card.tasks]
    splits = {task: dataset.splits(task, dataset.card.schemes[0].id)[0] for task in tasks}
    targets = {task: dataset.targets(task) for task in tasks}
    tables = {task: task_audit(splits[task], targets[task]) for task in tasks}
    coverage = overall(index)
    everything = chain.from_iterable(dataset.samples(task).values() for task in tasks)
    duplicates = byte_identical({(s.id, s.media.length > 1): s for s in everything}.values())
    details: dict[str, Any] = {
        "tasks": {
            task: _task_details(dataset, index, task, splits[task], targets[task], duplicates)
            for task in tasks
        },
        "media": {
            kind.value: clip_measures(index.entries(kind)) for kind in (Kind.CLIP, Kind.IMAGE, Kind.POOL)
        },
        "pool": _pool_details(select_pool(index), len(index.entries(Kind.POOL))),
        "trajectory_minus_video_frames": track_differences(index),
        "changed_since_prepared": changed,
        "problems": [asdict(problem) for problem in index.problems],
        "sources": list(index.sources),
    }
    departures: list[str] = []
    if published is not None:
        departures = split_departures(index, tables, published)
        details["published_differences"] = [*departures, *file_departures(index, published)]
    groups = {group for task in tasks for group in details["tasks"][task]["groups_across_splits"]}
    hopeless = [
        f"{task.task}: {reason}"
        for task in EXERCISES[index.exercise].tasks
        if (reason := blocked(index, task)) is not None
    ]
    incomplete = bool(coverage.missing or coverage.unreadable)
    return Audit(
        dataset=dataset.card.id,
        fingerprint=dataset.fingerprint(),
        ok=not (hopeless or changed or incomplete or departures),
        tasks=tables,
        coverage=coverage,
        groups_across_splits=len(groups),
        duplicates=duplicates,
        notes=[
            *(f"Cannot be run: {reason}." for reason in hopeless),
            *sentences(details, published, index.problems),
        ],
        details=details,
    )


def changed_files(index: Index, progress: Progress) -> dict[str, str]:
    """Read every file of an index again.

    Args:
        index: The index.
        progress: Where to report.

    Returns:
        What became of the files whose content is no longer the one that was indexed, by file.
    """
    entries = [(kind, entry) for kind, found in index.files.items() for entry in found.values()]
    now = read_all(lambda item: inspect(item[0], index.exercise, item[1].media), entries, progress, "Verify")
    return {
        str(entry.media): found.fault or "its content is another"
        for (_, entry), found in zip(entries, now, strict=True)
        if found != entry.holds
    }


def _task_details(
    dataset: Dataset,
    index: Index,
    task: str,
    split: Split,
    targets: Mapping[str, float],
    duplicates: list[list[str]],
) -> dict[str, Any]:
    samples = dataset.samples(task)
    named = {key for ids in index.splits.get(task, {}).values() for key in ids}
    groups = straddling_groups(split, samples)
    test_groups = {samples[key].group for key in (*split.train, *split.val)}
    shown = index.intervals.get(task, {})
    intervals = [end - start for key in samples for start, end in shown.get(key, ())]
    own = [ids for ids in duplicates if set(ids) <= samples.keys()]
    return {
        "prevalence": sum(targets.values()) / len(targets) if targets else None,
        "expected": dataset.expected(task),
        "labels_outside_splits": len(index.labels.get(task, {}).keys() - named),
        "ids_without_label": len(named - index.labels.get(task, {}).keys()),
        "groups": len({sample.group for sample in samples.values()}),
        "groups_across_splits": groups,
        "test_samples_of_fitted_groups": sum(samples[key].group in test_groups for key in split.test),
        "duplicates": len(own),
        "contradicting_duplicates": contradicted(own, targets),
        "test_samples_with_fitted_twin": twins_across(own, split),
        "intervals": len(intervals),
        "interval_seconds_median": sorted(intervals)[len(intervals) // 2] if intervals else None,
    }


def _pool_details(pool: Pool, found: int) -> dict[str, Any]:
    return {"found": found, "kept": len(pool.ids), "left_out": dict(pool.costs)}
