"""Build the index of a release: scan, recognise, inspect in parallel, parse labels and splits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from aqa_bench.core.progress import Progress
from aqa_bench.media.source import MediaFile

from .annotations import read_annotations
from .index import MEDIA_KINDS, Entry, Index
from .inspection import inspect
from .labels import Intervals, outside
from .layout import EXERCISES, Kind, Slot, classify
from .parallel import read_all
from .problems import Problem
from .scan import FoundFile, scan

__all__ = ["build_indexes"]

_Known = Mapping[tuple[Kind, MediaFile, int, int], Entry]


def build_indexes(
    sources: Sequence[Path],
    progress: Progress,
    earlier: Iterable[Index] = (),
    exercises: Collection[str] = tuple(EXERCISES),
) -> dict[str, Index]:
    """Index the exercises found under the sources. Media are read, never copied.

    Args:
        sources: Folders or zip archives that overlay each other; the first to hold a file wins.
        progress: Where to report.
        earlier: Indexes of an earlier run: a file that was readable and whose size and modification
            time are unchanged is not opened again.
        exercises: Exercises to index; files of others are left alone.

    Returns:
        The index of every exercise of which any file was found.

    Raises:
        DataError: A source does not exist.
    """
    files, problems = scan(sources)
    everything, homeless = classify(files, sources)
    slots = {slot: found for slot, found in everything.items() if slot.exercise in exercises}
    problems.extend(homeless)
    known = {
        (kind, entry.media, entry.size, entry.stamp): entry
        for index in earlier
        for kind, entries in index.files.items()
        for entry in entries.values()
        if entry.usable
    }
    media = {slot: found for slot, found in slots.items() if slot.kind in MEDIA_KINDS}
    chosen = read_all(
        lambda item: _choose(item[0], item[1], known), media.items(), progress, "Index the release"
    )
    inspected = dict(zip(media, chosen, strict=True))
    return {
        exercise: _assemble(exercise, sources, slots, inspected, problems)
        for exercise in EXERCISES
        if any(slot.exercise == exercise for slot in slots)
    }


def _choose(slot: Slot, candidates: Sequence[FoundFile], known: _Known) -> tuple[Entry, list[Problem]]:
    """The first candidate that can be read, or else the first."""
    problems: list[Problem] = []
    chosen: Entry | None = None
    for file in candidates:
        entry = known.get((slot.kind, file.media, file.size, file.stamp))
        if entry is None:
            entry = Entry(file.media, file.size, file.stamp, inspect(slot.kind, slot.exercise, file.media))
        if entry.usable:
            chosen = entry
            break
        chosen = chosen or entry
        expected = f"an undamaged {slot.kind.value} file"
        problems.append(
            Problem(str(file.media), f"{slot.kind.value} cannot be used", expected, entry.holds.fault)
        )
    if chosen is None:
        raise ValueError(f"no candidates for {slot}")
    other = next((file for file in candidates if file.size != chosen.size), None)
    if other is not None:
        found = f"{chosen.size:,} bytes, and {other.size:,} bytes in {other.media}"
        problems.append(
            Problem(str(chosen.media), "two different files have the same id", "one file per id", found)
        )
    return chosen, problems


def _assemble(
    exercise: str,
    sources: Sequence[Path],
    slots: Mapping[Slot, Sequence[FoundFile]],
    inspected: Mapping[Slot, tuple[Entry, list[Problem]]],
    shared: Sequence[Problem],
) -> Index:
    problems = list(shared)
    files: dict[Kind, dict[str, Entry]] = {}
    for slot, (entry, found) in inspected.items():
        if slot.exercise == exercise:
            files.setdefault(slot.kind, {})[slot.key] = entry
            problems.extend(found)
    annotations = read_annotations(exercise, slots, problems)
    intervals = {
        task: _within(task, clips, files.get(Kind.CLIP, {}), problems)
        for task, clips in annotations.intervals.items()
    }
    problems.extend(_outlasting(files))
    return Index(
        exercise=exercise,
        sources=tuple(str(source.expanduser().absolute()) for source in sources),
        files={kind: dict(sorted(entries.items())) for kind, entries in files.items()},
        labels=annotations.labels,
        intervals=intervals,
        splits=annotations.splits,
        traj_nan=annotations.traj_nan,
        problems=tuple(dict.fromkeys(problems)),
    )


def _within(
    task: str, clips: Mapping[str, Intervals], entries: Mapping[str, Entry], problems: list[Problem]
) -> dict[str, Intervals]:
    """The intervals, cut to the length of their clips where that is known."""
    cut: dict[str, Intervals] = {}
    for clip, intervals in clips.items():
        entry = entries.get(clip)
        if entry is None or not entry.holds.fps or not outside(intervals, _duration(entry)):
            cut[clip] = intervals
            continue
        end = _duration(entry)
        problems.append(
            Problem(
                f"{task}: {clip}", "interval is outside the clip", f"0 to {end:.2f} s", str(list(intervals))
            )
        )
        cut[clip] = tuple((first, min(last, end)) for first, last in intervals if first < end)
    return cut


def _duration(entry: Entry) -> float:
    return entry.holds.length / entry.holds.fps if entry.holds.fps else 0.0


def _outlasting(files: Mapping[Kind, Mapping[str, Entry]]) -> Iterator[Problem]:
    clips = {**files.get(Kind.CLIP, {}), **files.get(Kind.POOL, {})}
    for key, track in files.get(Kind.TRAJECTORY, {}).items():
        clip = clips.get(key)
        if clip is not None and clip.usable and track.usable and track.holds.length > clip.holds.length:
            expected = f"at most {clip.holds.length} frames"
            yield Problem(
                str(track.media),
                "trajectory is longer than the video",
                expected,
                f"{track.holds.length} frames",
            )
