"""Measurements of a release for its audit: groups, duplicates, prevalence, lengths, pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median, quantiles
from typing import Any

from aqa_bench.core.dataset import SplitCount, TaskAudit
from aqa_bench.core.sample import Sample
from aqa_bench.core.split import Split

from .index import Entry, Index
from .layout import Kind

__all__ = [
    "always_error_f1",
    "byte_identical",
    "clip_measures",
    "contradicted",
    "straddling_groups",
    "task_audit",
    "track_differences",
    "twins_across",
]

_FEW = 8
_SHOWN = 50


def always_error_f1(n: int, positive: int) -> float:
    """F1 of the error class when every sample is called an error.

    Example:
        >>> round(always_error_f1(244, 169), 4)
        0.8184
    """
    return 2 * positive / (n + positive) if positive else 0.0


def task_audit(split: Split, targets: Mapping[str, float]) -> TaskAudit:
    """Size, errors and always-error F1 of every part of a split."""
    counts: dict[str, SplitCount] = {}
    for part, ids in (("train", split.train), ("val", split.val), ("test", split.test)):
        positive = sum(targets[key] == 1 for key in ids)
        counts[part] = SplitCount(n=len(ids), positive=positive, floor=always_error_f1(len(ids), positive))
    return TaskAudit(splits=counts)


def straddling_groups(split: Split, samples: Mapping[str, Sample]) -> dict[str, list[str]]:
    """Groups that stand in two parts of a split, with the parts."""
    parts: dict[str, list[str]] = {}
    for part, ids in (("train", split.train), ("val", split.val), ("test", split.test)):
        for group in {samples[key].group for key in ids}:
            parts.setdefault(group, []).append(part)
    return {group: found for group, found in sorted(parts.items()) if len(found) > 1}


def byte_identical(samples: Iterable[Sample]) -> list[list[str]]:
    """Sets of sample ids whose media have the same bytes."""
    alike: dict[str, set[str]] = {}
    for sample in samples:
        alike.setdefault(sample.media.content_key, set()).add(sample.id)
    return sorted(sorted(ids) for ids in alike.values() if len(ids) > 1)


def contradicted(duplicates: Sequence[Sequence[str]], targets: Mapping[str, float]) -> list[list[str]]:
    """Those sets of byte-identical samples that a task labels both ways."""
    return [list(ids) for ids in duplicates if len({targets[key] for key in ids if key in targets}) > 1]


def twins_across(duplicates: Sequence[Sequence[str]], split: Split) -> list[str]:
    """Test ids with a byte-identical twin in train or val."""
    fitted, judged = frozenset((*split.train, *split.val)), frozenset(split.test)
    return sorted(key for ids in duplicates if fitted.intersection(ids) for key in ids if key in judged)


def clip_measures(entries: Mapping[str, Entry]) -> dict[str, Any]:
    """Frame rates, lengths and picture sizes of clips or images, with outliers.

    A frame rate is an outlier if it is not the most common one; a length if it is beyond three
    inter-quartile ranges of the quartiles.
    """
    usable = {key: entry.holds for key, entry in entries.items() if entry.usable}
    if not usable:
        return {}
    shapes = Counter(f"{holds.width}x{holds.height}" for holds in usable.values())
    measures: dict[str, Any] = {"n": len(usable), "shapes": dict(shapes.most_common(_FEW))}
    rates = Counter(round(holds.fps, 2) for holds in usable.values() if holds.fps is not None)
    if rates:
        usual = rates.most_common(1)[0][0]
        odd = [key for key, holds in usable.items() if holds.fps is None or round(holds.fps, 2) != usual]
        measures |= {"fps": usual, "fps_outliers": len(odd), "fps_outlier_ids": odd[:_SHOWN]}
    lengths = [holds.length for holds in usable.values()]
    if max(lengths) > 1:
        low, high = _fences(lengths)
        odd = [key for key, holds in usable.items() if not low <= holds.length <= high]
        measures["frames"] = {"min": min(lengths), "median": median(lengths), "max": max(lengths)}
        measures |= {"length_outliers": len(odd), "length_outlier_ids": odd[:_SHOWN]}
    return measures


def track_differences(index: Index) -> dict[str, int]:
    """Trajectories by how many frames they are longer (+) or shorter (-) than their videos."""
    clips = {**index.usable(Kind.CLIP), **index.usable(Kind.POOL)}
    differences = Counter(
        track.holds.length - clips[key].holds.length
        for key, track in index.usable(Kind.TRAJECTORY).items()
        if key in clips
    )
    return {f"{difference:+d}" if difference else "0": n for difference, n in sorted(differences.items())}


def _fences(values: Sequence[int]) -> tuple[float, float]:
    if len(values) < 2:
        return min(values), max(values)
    first, _, third = quantiles(values, n=4)
    return first - 3 * (third - first), third + 3 * (third - first)
