"""What is available of a release of dives against what was published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from aqa_bench.core.dataset import Audit, Coverage, Dataset, SplitCount, TaskAudit
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import Progress
from aqa_bench.media.dives.annotations import Dive
from aqa_bench.media.dives.index import DiveIndex
from aqa_bench.media.dives.release import Release

__all__ = ["audit_dives", "rank_correlation"]


def audit_dives(dataset: Dataset, release: Release, index: DiveIndex, progress: Progress) -> Audit:
    """Count, compare and correlate.

    Args:
        dataset: The dataset, for its splits and its fingerprint.
        release: What was published.
        index: What is on this machine.
        progress: Where to report.

    Returns:
        Sizes of the official parts; the dives whose frames are missing or cannot be read (only the last
        frame of each window is decoded); dives that share a window; and, among the notes, how well
        difficulty alone ranks the test dives.
    """
    split = dataset.splits(dataset.card.tasks[0].id, dataset.card.schemes[0].id)[0]
    parts = {"train": split.train, "val": split.val, "test": split.test}
    groups = [{index.dives[name].event for name in ids} for ids in parts.values()]
    shared = groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]
    unreadable = list(_unreadable(dataset.card.id, index, progress))
    test = [index.dives[name] for name in index.test]
    published = release.sizes == (len(index.train), len(index.test)) and not index.problems
    lacking = len(index.dives) - len(index.footage)
    return Audit(
        dataset=dataset.card.id,
        fingerprint=dataset.fingerprint(),
        ok=published and not unreadable and not lacking and not _moved(release, index),
        tasks={
            task.id: TaskAudit(splits={part: SplitCount(n=len(ids)) for part, ids in parts.items()})
            for task in dataset.card.tasks
        },
        coverage=Coverage(
            expected=sum(release.sizes),
            found=len(index.footage),
            missing=[name for name in index.dives if name not in index.footage],
            unreadable=unreadable,
            extra=index.unnamed,
        ),
        groups_across_splits=len(shared),
        duplicates=_same_window(index.dives.values()),
        notes=[*_notes(release, index, test), *index.problems, *dataset.card.notes],
        details={
            "floors": _floors(test),
            "events": dict(sorted(_by_event(index.dives.values()).items())),
            "judged": index.judged,
            "frames": {"found": len(index.footage), "expected": len(index.dives)},
        },
    )


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's correlation, ties at their average rank; None where one side is constant."""
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    # SciPy takes long to import.
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def _floors(test: Sequence[Dive]) -> dict[str, float | None]:
    scores = [dive.score for dive in test]
    return {
        "difficulty": rank_correlation([dive.difficulty for dive in test], scores),
        "duration": rank_correlation([dive.duration for dive in test], scores),
    }


def _notes(release: Release, index: DiveIndex, test: Sequence[Dive]) -> Iterator[str]:
    sizes = (len(index.train), len(index.test))
    if sizes != release.sizes:
        yield (
            f"Expected {release.sizes[0]:,} train and {release.sizes[1]:,} test dives, "
            f"found {sizes[0]:,} and {sizes[1]:,}."
        )
    if moved := _moved(release, index):
        yield f"The last frames of events {', '.join(moved)} differ from the published annotations."
    floor = _floors(test)["difficulty"]
    if floor is not None and release.baseline is not None:
        yield (
            f"Difficulty alone ranks the official test dives with a Spearman correlation of {floor:.4f}; the "
            f"paper's supervised baseline ({release.baseline:.4f}) is at the same level."
        )
    elif floor is not None:
        yield (
            "Difficulty alone ranks the official test dives with a Spearman correlation of "
            f"{floor:.4f}; compare every result with that."
        )
    if not index.footage:
        yield (
            f"Annotations of {len(index.dives):,} dives are available, but no frames, so only "
            f"methods on annotations can run. {release.remedy}"
        )
    elif len(index.footage) < len(index.dives):
        left = sorted({d.event for d in index.dives.values() if d.id not in index.footage})
        yield (
            f"Frames of {len(index.footage):,} of {len(index.dives):,} dives are available; some are "
            f"missing from events {', '.join(left)}."
        )
    if index.leave_out:
        yield "Dives without frames are left out, so results are not comparable with complete ones."
    if index.judged:
        yield (
            f"The annotations contain the marks of seven judges for {index.judged:,} dives. The score is "
            "computed from them, so no method ever gets them."
        )


def _unreadable(dataset: str, index: DiveIndex, progress: Progress) -> Iterator[str]:
    folders = {name: f for name, f in index.footage.items() if f.kind == "folder"}
    videos = sorted({f.path for f in index.footage.values() if f.kind == "video"})
    progress.start(f"auditing {dataset}", len(folders) + len(videos))
    try:
        for name, footage in folders.items():
            absent = [n for n in footage.window.tolist() if not footage.names.path(n).is_file()]
            try:
                if absent:
                    gone = footage.names.path(absent[0])
                    yield f"{name}: {len(absent)} of its frames are missing, e.g. {gone}"
                else:
                    footage.read(footage.window[-1:])
            except DataError as error:
                yield f"{name}: {error.found}"
            progress.advance()
        for video in videos:
            if not video.is_file():
                yield f"{video}: missing"
            progress.advance()
    finally:
        progress.close()


def _moved(release: Release, index: DiveIndex) -> list[str]:
    ends: dict[str, int] = {}
    for dive in index.dives.values():
        ends[dive.event] = max(ends.get(dive.event, 0), dive.end)
    published = release.recordings
    return sorted(event for event in published if ends.get(event) != published[event])


def _same_window(dives: Iterable[Dive]) -> list[list[str]]:
    windows: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for dive in dives:
        windows[dive.event, dive.end].append(dive.id)
    return [names for names in windows.values() if len(names) > 1]


def _by_event(dives: Iterable[Dive]) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for dive in dives:
        counts[dive.event] += 1
    return dict(counts)
