"""What an audit found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aqa_bench.core.dataset import TaskAudit

from .index import Index
from .layout import Kind
from .pool import POOL_RULES
from .problems import Problem, summarise
from .published import Published

__all__ = ["file_departures", "sentences", "split_departures"]


def split_departures(index: Index, tables: Mapping[str, TaskAudit], published: Published) -> list[str]:
    """Where the splits and labels available are not the published ones."""
    departures = []
    for task, facts in published.tasks.items():
        parts = index.splits.get(task, {})
        for part, n in facts.splits.items():
            here = len(parts.get(part, ()))
            if here != n:
                departures.append(f"{task} {part}: the release names {n:,} ids, this copy {here:,}.")
        labels = index.labels.get(task, {})
        positive = sum(labels.get(key, False) for ids in parts.values() for key in ids)
        if positive != facts.positive:
            departures.append(f"{task}: the release marks {facts.positive:,} errors, this copy {positive:,}.")
        test, size = tables[task].splits["test"], facts.splits["test"]
        if facts.test_positive is not None and (test.n, test.positive) != (size, facts.test_positive):
            departures.append(
                f"{task} test: {facts.test_positive} of {size} samples are errors in the release, "
                f"{test.positive} of {test.n} here."
            )
    return departures


def file_departures(index: Index, published: Published) -> list[str]:
    """Where the number of files available is not that of a complete download."""
    found = {kind: len(index.entries(kind)) for kind in published.files}
    return [
        f"{kind.value} files: {n:,} in a complete download, {found[kind]:,} here."
        for kind, n in published.files.items()
        if found[kind] != n
    ]


def sentences(
    details: Mapping[str, Any], published: Published | None, problems: Sequence[Problem]
) -> list[str]:
    """Everything a user should know of what an audit measured.

    Args:
        details: The measurements.
        published: What was published, where that is known.
        problems: What could not be read when the dataset was prepared.

    Returns:
        One fact a sentence.
    """
    return [
        *(note for task, facts in details["tasks"].items() for note in _leakage(task, facts)),
        *_pool(details["pool"]),
        *_outliers(details["media"]),
        *_changed(details["changed_since_prepared"]),
        *details.get("published_differences", ()),
        *([] if published is None else _paper(published)),
        *summarise(problems),
    ]


def _leakage(task: str, facts: Mapping[str, Any]) -> Iterator[str]:
    groups, twins = facts["groups_across_splits"], facts["test_samples_with_fitted_twin"]
    if groups:
        yield (
            f"{task}: source videos in more than one part of the split: {len(groups)}; test samples whose "
            f"source video is also in train or val: {facts['test_samples_of_fitted_groups']}."
        )
    if twins:
        yield (
            f"{task}: test samples byte-identical to train or val samples: {len(twins)}; the scheme "
            f"'deduplicated' removes those from train and val."
        )
    if facts["contradicting_duplicates"]:
        count = len(facts["contradicting_duplicates"])
        yield f"{task}: sets of byte-identical samples with contradicting labels: {count}."
    if facts["labels_outside_splits"]:
        yield f"{task}: labelled ids in no split (not used): {facts['labels_outside_splits']}."


def _pool(pool: Mapping[str, Any]) -> Iterator[str]:
    if pool["found"]:
        yield f"The unlabelled pool keeps {pool['kept']:,} of {pool['found']:,} clips."
    for rule, n in pool["left_out"].items():
        if n:
            yield f"{n:,} unlabelled clips dropped: {POOL_RULES[rule]}."


def _outliers(media: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for kind, facts in media.items():
        for name in ("fps", "length"):
            if facts.get(f"{name}_outliers"):
                yield f"Files of kind {kind} with an unusual {name}: {facts[f'{name}_outliers']}."


def _changed(changed: Mapping[str, str]) -> Iterator[str]:
    if changed:
        file, what = next(iter(changed.items()))
        yield (
            f"Files changed since the dataset was prepared: {len(changed)}, e.g. {file}: {what}. Prepare "
            "it again."
        )


def _paper(published: Published) -> Iterator[str]:
    for task, facts in published.tasks.items():
        without, errors = facts.paper
        right = sum(facts.splits.values()) - facts.positive
        if (right, facts.positive) != facts.paper:
            yield (
                f"{task}: {without:,} samples without and {errors:,} with the error according to the paper, "
                f"{right:,} and {facts.positive:,} in the release."
            )
    if published.paper_pool:
        yield (
            f"Unlabelled: {published.paper_pool:,} videos according to the paper, "
            f"{published.files[Kind.POOL]:,} in the release."
        )
    yield from published.notes
