"""Preparation: find the release's files, check each, and index what is usable."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import Progress
from aqa_bench.media.source import MediaFile

from .files import read_distances
from .index import Index, IndexedClip, IndexedFile, read_index, save_index
from .layout import Found, find_files
from .official import read_official
from .release import CLASSES, ERRORS, GOOD, ClipName

__all__ = ["index_sources", "inspect_pose", "inspect_video"]

_log = logging.getLogger(__name__)
_SHOWN = 10


def index_sources(sources: Sequence[Path], home: Path, progress: Progress) -> tuple[str, ...]:
    """Index every usable file of some folders or archives.

    Args:
        sources: Folders or zip archives that overlay each other; by default those of the last time.
        home: The family's data folder; ``index.json`` is written into it.
        progress: Where to report.

    Returns:
        Sentences that say what was indexed and what cannot be used.

    Raises:
        DataError: There is no source or nothing usable in them; or a class is missing without which a
            task cannot be run, or split files cannot be used. What is usable has been indexed then.
    """
    folders = tuple(sources) or _earlier_sources(home)
    found = find_files(folders)
    names = sorted({*found.poses, *found.videos}, key=lambda n: (list(CLASSES).index(n.folder), n.stem))
    clips: dict[str, IndexedClip] = {}
    progress.start("checking Waseda squats", len(names))
    try:
        for name in names:
            clips[name.id] = _examine(found.poses.get(name, ()), found.videos.get(name, ()))
            progress.advance()
    finally:
        progress.close()
    if not any(clip.files for clip in clips.values()):
        raise _nothing(folders, [*found.strangers, *(f for clip in clips.values() for f in clip.faults)])
    official, problem = _official(found, names)
    index = Index(
        clips=clips,
        official=official,
        strangers=tuple(found.strangers),
        sources=tuple(folder.expanduser().resolve() for folder in folders),
    )
    written = save_index(index, home)
    sentences = _report(index, written)
    _refuse_gaps(index, sentences, problem)
    return sentences


def inspect_pose(file: MediaFile) -> IndexedFile:
    """Read and hash a pose file.

    Raises:
        DataError: It cannot be used.
    """
    distances = read_distances(file)
    return _indexed(file, len(distances), None)


def inspect_video(file: MediaFile) -> IndexedFile:
    """Probe and hash a video.

    Raises:
        DataError: It cannot be used.
    """
    from aqa_bench.media.video import probe

    info = probe(file)
    return _indexed(file, info.frames, info.fps)


def _indexed(file: MediaFile, frames: int, fps: float | None) -> IndexedFile:
    return IndexedFile(
        path=file.path, member=file.member, size=file.size, sha256=file.sha256(), frames=frames, fps=fps
    )


def _examine(poses: Sequence[MediaFile], videos: Sequence[MediaFile]) -> IndexedClip:
    faults: list[str] = []
    return IndexedClip(
        pose=_first_usable(poses, inspect_pose, faults),
        video=_first_usable(videos, inspect_video, faults),
        faults=tuple(faults),
    )


def _first_usable(
    files: Sequence[MediaFile], inspect: Callable[[MediaFile], IndexedFile], faults: list[str]
) -> IndexedFile | None:
    usable: list[IndexedFile] = []
    for file in files:
        try:
            usable.append(inspect(file))
        except DataError as error:
            faults.append(f"{file}: {error.found}")
    others = [u for u in usable[1:] if u.sha256 != usable[0].sha256]
    faults.extend(f"{u.file}: differs from {usable[0].file}, which is used instead" for u in others)
    return usable[0] if usable else None


def _official(
    found: Found, names: Sequence[ClipName]
) -> tuple[dict[str, tuple[str, ...]] | None, DataError | None]:
    if not found.splits:
        return None, None
    try:
        return read_official(found.splits, names), None
    except DataError as error:
        return None, error


def _earlier_sources(home: Path) -> tuple[Path, ...]:
    try:
        earlier = read_index(home)
    except DataError as error:
        _log.warning("replacing a damaged index: %s", error.where)
        earlier = None
    if earlier is None or not earlier.sources:
        raise DataError(
            "No folder of the Waseda squats was given.",
            expected="--source PATH, one or more times: Pose_Dataset, Video_Dataset or a folder with both",
            found="no source",
            remedy="Download the release from http://hi.cs.waseda.ac.jp/~ogata/Dataset.html.",
        )
    return earlier.sources


def _counts(index: Index) -> Counter[str]:
    return Counter(name.partition("/")[0] for name, clip in index.clips.items() if clip.files)


def _report(index: Index, written: Path) -> tuple[str, ...]:
    counts = _counts(index)
    poses = sum(clip.pose is not None for clip in index.clips.values())
    videos = sum(clip.video is not None for clip in index.clips.values())
    listed = ", ".join(f"{folder} {counts[folder]}" for folder in CLASSES)
    sentences = [
        f"{counts.total()} clips are indexed in {written} ({poses} with poses, {videos} with video): "
        f"{listed}."
    ]
    faults = [fault for clip in index.clips.values() for fault in clip.faults]
    for title, problems in (("cannot be used", faults), ("left out", index.strangers)):
        if problems:
            more = f"\n    and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
            lines = "".join(f"\n    {problem}" for problem in problems[:_SHOWN])
            sentences.append(f"{len(problems)} files {title}:{lines}{more}")
    if index.official is not None:
        sizes = ", ".join(f"{part} {len(ids)}" for part, ids in index.official.items())
        sentences.append(f"Scheme official is available: {sizes}.")
    else:
        sentences.append("There are no official split files: use scheme day-grouped.")
    return tuple(sentences)


def _refuse_gaps(index: Index, sentences: Sequence[str], problem: DataError | None) -> None:
    counts: Mapping[str, int] = _counts(index)
    hopeless = [
        f"{task}: no usable clip of {folder}" for task, folder in ERRORS.items() if not counts[folder]
    ]
    if not counts[GOOD]:
        hopeless = [f"every task: no usable clip of {GOOD}"]
    if hopeless:
        raise DataError(
            "Some tasks of the Waseda squats cannot be run; the usable files are indexed.",
            where=", ".join(map(str, index.sources)),
            expected=f"class folders {', '.join((GOOD, *ERRORS.values()))}",
            found="".join(f"\n    {line}" for line in (*hopeless, *sentences)),
            remedy="Add another --source with the folder that holds the missing files.",
        )
    if problem is not None:
        raise problem


def _nothing(sources: Sequence[Path], problems: Sequence[str]) -> DataError:
    lines = "".join(f"\n    {problem}" for problem in problems[:_SHOWN])
    return DataError(
        "There are no usable files of the Waseda squats.",
        where=", ".join(map(str, sources)),
        expected="CLASS/.../MMDD_squat_NUMBER.json or CLASS/.../MMDD_squat_NUMBER.mp4",
        found=lines or "none of these",
        remedy="Point --source to the folder where you unpacked the download.",
    )
