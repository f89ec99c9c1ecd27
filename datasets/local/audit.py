"""``dataset verify`` of own data."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from aqa_bench.core.dataset import Audit, Coverage, Dataset, SplitCount, TaskAudit
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import Progress
from aqa_bench.core.task import Task, TaskKind
from aqa_bench.media.layouts import missing

from .advice import advice
from .files import digest_of
from .index import OwnClip, OwnIndex
from .splits import SPLIT, make_splits, straddling

__all__ = ["audit_own", "gone"]


def gone(clip: OwnClip) -> bool:
    """Whether a clip's file has vanished or is of another size."""
    try:
        if clip.path.is_dir():
            return sum(file.stat().st_size for file in clip.path.glob("*.json")) != clip.size
        return clip.path.stat().st_size != clip.size
    except OSError:
        return True


def audit_own(dataset: Dataset, index: OwnIndex, progress: Progress) -> Audit:
    """Read every file again and compare it with what was added.

    Args:
        dataset: The dataset.
        index: What is kept of it.
        progress: Where to report.

    Returns:
        The sizes of the default scheme's first split, files that are gone or have changed, identical files,
        and notes on what the labels, groups and splits allow.
    """
    clips = index.clips
    absent = [name for name, clip in clips.items() if not clip.path.exists()]
    changed: list[str] = []
    rates: list[float] = []
    progress.start(f"reading {dataset.card.id}", len(clips))
    try:
        for name, sample in dataset.samples("").items():
            if name not in absent:
                try:
                    if digest_of(clips[name].path)[0] != clips[name].sha256:
                        changed.append(f"{name}: changed since it was added")
                    elif index.reading.layout is not None:
                        rates.append(float(missing(sample.media.keypoints(index.reading.layout)).mean()))
                except DataError as error:
                    changed.append(f"{name}: {error.found}")
            progress.advance()
    finally:
        progress.close()
    by_content: defaultdict[str, list[str]] = defaultdict(list)
    for name, clip in clips.items():
        by_content[clip.sha256].append(name)
    default = dataset.card.schemes[0].id
    notes = advice(dataset.card.tasks, clips, index.grouped, default == SPLIT)
    return Audit(
        dataset=dataset.card.id,
        fingerprint=dataset.fingerprint(),
        ok=not (absent or changed),
        tasks={
            task.id: TaskAudit(splits=_sizes(dataset, index, task, default)) for task in dataset.card.tasks
        },
        coverage=Coverage(
            expected=len(clips), found=len(clips) - len(absent), missing=absent, unreadable=changed
        ),
        groups_across_splits=len(straddling(clips)) if default == SPLIT else 0,
        duplicates=[names for names in by_content.values() if len(names) > 1],
        notes=[*notes, *index.notes, *dataset.card.notes],
        details={
            "groups": len({clip.group for clip in clips.values()}),
            "frames": {
                "min": min(clip.frames for clip in clips.values()),
                "median": float(np.median([clip.frames for clip in clips.values()])),
                "max": max(clip.frames for clip in clips.values()),
            },
        }
        | ({"missing_joints": round(float(np.mean(rates)), 6)} if rates else {}),
    )


def _sizes(dataset: Dataset, index: OwnIndex, task: Task, scheme: str) -> dict[str, SplitCount]:
    first = make_splits(scheme, dataset.card.id, task, index.clips)[0]
    parts = {"train": first.train, "val": first.val, "test": first.test}
    targets = dataset.targets(task.id)
    return {name: _count([targets[i] for i in ids], task) for name, ids in parts.items() if ids}


def _count(values: list[float], task: Task) -> SplitCount:
    if task.kind is TaskKind.SCORE:
        return SplitCount(n=len(values))
    # Balanced accuracy of who looks at nothing.
    return SplitCount(n=len(values), positive=int(sum(values)), floor=0.5)
