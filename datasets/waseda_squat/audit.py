"""What is on disk against what was indexed and published."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aqa_bench.core.dataset import Audit, Coverage, Dataset, SplitCount, TaskAudit
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import Progress
from aqa_bench.core.split import Split
from aqa_bench.media.distance_geometry import pairwise_distances, positions_from_distances

from .files import read_distances
from .index import Index, IndexedFile
from .prepare import inspect_video
from .release import CLASSES, FRAMES, GOOD
from .splits import OFFICIAL

__all__ = ["audit_clips"]

_PARTS = ("train", "val", "test")


def audit_clips(dataset: Dataset, index: Index, progress: Progress) -> Audit:
    """Read every file again.

    ``ok`` holds if every task can be run in the default scheme, no file has a fault or changed since it
    was indexed, and no file is left out. The numbers of clips are printed beside those that a user of
    the release counted and do not enter into it.

    Args:
        dataset: The dataset.
        index: Its index.
        progress: Where to report.

    Returns:
        Counts by class, lengths, how well joints reproduce the distances, byte-identical files, and
        sizes and floors of the splits.
    """
    faults = [f"{name}: {fault}" for name, clip in index.clips.items() for fault in clip.faults]
    residuals: list[float] = []
    progress.start(f"auditing {dataset.card.id}", len(index.clips))
    try:
        for name, clip in index.clips.items():
            for file in clip.files:
                fault = _fault(file, residuals, is_pose=file is clip.pose)
                if fault:
                    faults.append(f"{name}: {fault}")
            progress.advance()
    finally:
        progress.close()
    at_hand = {name for name, clip in index.clips.items() if clip.files}
    named = {name for ids in (index.official or {}).values() for name in ids}
    missing = sorted((named | index.clips.keys()) - at_hand)
    tables, hopeless = _tables(dataset)
    duplicates = _duplicates(index)
    counts = Counter(name.partition("/")[0] for name in at_hand)
    return Audit(
        dataset=dataset.card.id,
        fingerprint=dataset.fingerprint(),
        ok=not (hopeless or faults or missing or index.strangers),
        tasks=tables,
        coverage=Coverage(
            expected=len(named | index.clips.keys()),
            found=len(at_hand),
            missing=missing,
            unreadable=faults,
            extra=len(index.strangers),
        ),
        groups_across_splits=_straddling(dataset, dataset.card.schemes[0].id),
        duplicates=duplicates,
        notes=[*hopeless, *_notes(index, counts, duplicates), *dataset.card.notes],
        details=_details(dataset, index, counts, residuals),
    )


def _fault(file: IndexedFile, residuals: list[float], *, is_pose: bool) -> str:
    try:
        if file.file.sha256() != file.sha256:
            return "changed since it was prepared"
        if not is_pose:
            return "" if inspect_video(file.file) == file else "changed since it was prepared"
        distances = read_distances(file.file)
    except DataError as error:
        return error.found or error.what
    again = pairwise_distances(positions_from_distances(distances))
    residuals.append(float(np.abs(again - distances).max() / distances.max()))
    return ""


def _tables(dataset: Dataset) -> tuple[dict[str, TaskAudit], list[str]]:
    tables, hopeless = {}, []
    for task in dataset.card.tasks:
        try:
            split = dataset.splits(task.id, dataset.card.schemes[0].id)[0]
        except DataError as error:
            hopeless.append(f"Task {task.id} cannot be run: {error.found} ({error.where}).")
            continue
        tables[task.id] = TaskAudit(splits=_sizes(split, dataset.targets(task.id)))
    return tables, hopeless


def _sizes(split: Split, targets: Mapping[str, float]) -> dict[str, SplitCount]:
    sizes = {}
    for part in _PARTS:
        labels = [targets[i] for i in getattr(split, part)]
        if labels:
            bad = int(sum(labels))
            floor = max(bad, len(labels) - bad) / len(labels)
            sizes[part] = SplitCount(n=len(labels), positive=bad, floor=floor)
    return sizes


def _straddling(dataset: Dataset, scheme: str) -> int:
    """Recording days that stand in more than one part of a task's split."""
    days: set[str] = set()
    for task in dataset.card.tasks:
        try:
            split = dataset.splits(task.id, scheme)[0]
        except DataError:
            continue
        parts = [{_day(i) for i in ids} for ids in (split.train, split.val, split.test)]
        days |= parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
    return len(days)


def _duplicates(index: Index) -> list[list[str]]:
    by_content: defaultdict[str, list[str]] = defaultdict(list)
    for name, clip in index.clips.items():
        for file in clip.files:
            by_content[file.sha256].append(name)
    return [list(names) for names in dict.fromkeys(tuple(n) for n in by_content.values() if len(n) > 1)]


def _notes(index: Index, counts: Mapping[str, int], duplicates: Sequence[Sequence[str]]) -> list[str]:
    notes = [f"Skipped: {stranger}." for stranger in index.strangers]
    differing = [f"{c} {counts[c]} ({n})" for c, n in CLASSES.items() if counts[c] != n]
    if differing:
        notes.append(
            f"Clips available, and as counted by another user of the release: {', '.join(differing)}."
        )
    contradicting = [ids for ids in duplicates if len({name.partition("/")[0] for name in ids}) > 1]
    if contradicting:
        notes.append(f"{len(contradicting)} sets of byte-identical files are in several classes.")
    files = [f for clip in index.clips.values() for f in (clip.pose,) if f is not None]
    long, short = sum(f.frames > FRAMES for f in files), sum(f.frames < FRAMES for f in files)
    if long or short:
        notes.append(
            f"{long} pose files have more than {FRAMES} frames and are truncated; {short} have fewer."
        )
    if index.official is None:
        notes.append("The official split files are not available: only day-grouped is available.")
    return notes


def _details(
    dataset: Dataset, index: Index, counts: Mapping[str, int], residuals: Sequence[float]
) -> dict[str, Any]:
    days: dict[str, Counter[str]] = defaultdict(Counter)
    for name in index.clips:
        days[_day(name)][name.partition("/")[0]] += 1
    lengths = [clip.pose.frames for clip in index.clips.values() if clip.pose is not None]
    details: dict[str, Any] = {
        "classes": {c: {"found": counts[c], "counted_by_a_user": n} for c, n in CLASSES.items()},
        "good_share": round(counts[GOOD] / max(sum(counts.values()), 1), 6),
        "days": {day: dict(sorted(days[day].items())) for day in sorted(days)},
        "poses": len(lengths),
        "videos": sum(clip.video is not None for clip in index.clips.values()),
        "schemes": [s.id for s in dataset.card.schemes if s.id != OFFICIAL or index.official is not None],
    }
    if lengths:
        details["frames"] = {
            "min": min(lengths),
            "median": float(np.median(lengths)),
            "max": max(lengths),
        }
        details["distance_residual_max"] = round(max(residuals, default=0.0), 9)
    if index.official is not None:
        details["official_days_across_parts"] = _straddling(dataset, OFFICIAL)
    return details


def _day(sample: str) -> str:
    return sample.rpartition("/")[2][:4]
