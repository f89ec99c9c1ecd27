"""What is on disk against what was published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aqa_bench.core.dataset import Audit, Coverage, Dataset, SplitCount, TaskAudit
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import Progress
from aqa_bench.core.split import Split
from aqa_bench.media.layouts import LAYOUTS, missing

from .cards import FORM
from .files import LAYOUT, read_clip
from .index import IndexedClip
from .release import EXERCISES, release

__all__ = ["audit_clips"]

_TOLERANCE = 0.0005


def audit_clips(dataset: Dataset, clips: Mapping[str, IndexedClip], progress: Progress) -> Audit:
    """Read every clip of one exercise and compare it with the release.

    Args:
        dataset: The exercise.
        clips: Its clips available.
        progress: Where to report.

    Returns:
        Counts, lengths in frames, rates of missing joints (means over clips), byte-identical files,
        and the sizes and majority floors of every scheme's first split.
    """
    lengths: list[int] = []
    rates: list[Any] = []
    unreadable: list[str] = []
    progress.start(f"auditing {dataset.card.id}", len(clips))
    try:
        for name, clip in clips.items():
            try:
                content = read_clip(clip.path)
            except DataError as error:
                unreadable.append(f"{name}: {error.found}")
            else:
                if content.sha256 != clip.sha256:
                    unreadable.append(f"{name}: changed since it was prepared")
                lengths.append(len(content.keypoints))
                rates.append(missing(content.keypoints).mean(axis=0))
            progress.advance()
    finally:
        progress.close()
    published = release().of(dataset.card.id)
    absent = [file.id for file in published if file.id not in clips]
    altered = [file.id for file in published if file.id in clips and clips[file.id].sha256 != file.sha256]
    targets = dataset.targets(FORM.id)
    schemes = {s.id: _sizes(dataset.splits(FORM.id, s.id)[0], targets) for s in dataset.card.schemes}
    default = dataset.card.schemes[0].id
    recordings = {file.id: file.recording for file in published}
    straddling = {
        s.id: max(_straddling(split, recordings) for split in dataset.splits(FORM.id, s.id))
        for s in dataset.card.schemes
    }
    return Audit(
        dataset=dataset.card.id,
        fingerprint=dataset.fingerprint(),
        ok=not (absent or altered or unreadable),
        tasks={FORM.id: TaskAudit(splits=schemes[default])},
        coverage=Coverage(expected=len(published), found=len(clips), missing=absent, unreadable=unreadable),
        groups_across_splits=straddling[default],
        duplicates=_duplicates(clips),
        notes=[*_differences(dataset.card.id, absent, altered), *dataset.card.notes],
        details=_details(dataset.card.id, {i: targets[i] for i in clips}, lengths, rates)
        | {
            "schemes": {
                name: {p: c.model_dump() for p, c in parts.items()} for name, parts in schemes.items()
            },
            "recordings": len(set(recordings.values())),
            "recordings_across_parts": straddling,
        },
    )


def _straddling(split: Split, recordings: Mapping[str, str]) -> int:
    """Recordings of which cuts stand in more than one part of a split."""
    parts = [{recordings[i] for i in ids} for ids in (split.train, split.val, split.test)]
    return len(parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2])


def _sizes(split: Split, targets: Mapping[str, float]) -> dict[str, SplitCount]:
    parts = {"train": split.train, "val": split.val, "test": split.test}
    return {name: _count([targets[i] for i in ids]) for name, ids in parts.items() if ids}


def _count(labels: Sequence[float]) -> SplitCount:
    positive = int(sum(labels))
    return SplitCount(
        n=len(labels), positive=positive, floor=max(positive, len(labels) - positive) / len(labels)
    )


def _details(
    dataset: str, targets: Mapping[str, float], lengths: Sequence[int], rates: Sequence[Any]
) -> dict[str, Any]:
    exercise, bad = EXERCISES[dataset], int(sum(targets.values()))
    details: dict[str, Any] = {
        "good": {"found": len(targets) - bad, "published": exercise.good},
        "bad": {"found": bad, "published": exercise.bad},
    }
    if lengths:
        by_joint = np.mean(rates, axis=0)
        details["frames"] = {
            "min": min(lengths),
            "median": float(np.median(lengths)),
            "max": max(lengths),
        }
        details["missing_joints"] = {
            "found": round(float(by_joint.mean()), 6),
            "published": exercise.missing,
            "agrees": bool(abs(by_joint.mean() - exercise.missing) <= _TOLERANCE + 1e-9),
            "by_joint": {
                joint: round(float(rate), 6)
                for joint, rate in zip(LAYOUTS[LAYOUT].joints, by_joint, strict=True)
            },
        }
    return details


def _differences(dataset: str, absent: Sequence[str], altered: Sequence[str]) -> list[str]:
    notes = []
    if absent:
        notes.append(f"{len(absent)} of the clips of {dataset} are not available.")
    if altered:
        notes.append(f"{len(altered)} files differ from the published ones: {', '.join(altered)}.")
    return notes


def _duplicates(clips: Mapping[str, IndexedClip]) -> list[list[str]]:
    by_content: defaultdict[str, list[str]] = defaultdict(list)
    for name, clip in clips.items():
        by_content[clip.sha256].append(name)
    return [names for names in by_content.values() if len(names) > 1]
