"""Find the footage of dives: folders of frames in any known convention, or the events' videos."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.progress import Progress
from aqa_bench.media.dives.annotations import Dive
from aqa_bench.media.dives.media import WINDOW, Footage
from aqa_bench.media.frame_folders import FrameFolder, scan_frames
from aqa_bench.media.windows import window_ending_at

__all__ = ["Located", "locate"]

_EVENT = re.compile(r"\d{1,3}")
_CUT = re.compile(r"(\d{1,3})_(\d{1,4})")
_VIDEOS = frozenset({".mp4", ".mkv", ".webm", ".mov", ".avi"})
_BELOW = (
    "", "whole_videos_frames", "whole_videos", "videos", "frames", "data/frames", "new_total_frames",
    "new/new_total_frames", "new_total_frames_256s", "new/new_total_frames_256s",
)  # fmt: skip
_TOO_MANY = 1.5


@dataclass
class Located:
    """What was found.

    Attributes:
        footage: By dive id.
        problems: A sentence for everything that was found and cannot be used.
    """

    footage: dict[str, Footage] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, dive: str, footage: Footage) -> None:
        """Keep footage of a dive unless there is some already."""
        self.footage.setdefault(dive, footage)


def locate(dives: Mapping[str, Dive], sources: Sequence[Path], progress: Progress) -> Located:
    """Look for footage below some folders, and check it against the dives' frame numbers.

    Known conventions: ``<event>/<number>.jpg`` with numbers of any width that count the frames of the
    whole recording; ``<event>_<dive>/<number>.jpg`` with the frames of one dive, their numbers those of
    the recording or counted anew (then the dive is the first :data:`~aqa_bench.media.dives.media.WINDOW`
    frames); and ``<event>.mp4``. Of several the frames of one dive are preferred, then those of the
    recording, then the video; within a kind the first source.

    Frame numbers hold only at the frame rate that the annotators had. So a recording must have as many
    frames as the number of the last frame of its last dive, and not half as many again.

    Args:
        dives: By id.
        sources: Folders.
        progress: Where to report.
    """
    located = Located()
    events: dict[str, list[Dive]] = {}
    for dive in dives.values():
        events.setdefault(dive.event, []).append(dive)
    entries = list(dict.fromkeys(_entries(sources)))
    cuts = [(path, _id(path.name)) for path in entries if path.is_dir() and _CUT.fullmatch(path.name)]
    folders = [path for path in entries if path.is_dir() and _EVENT.fullmatch(path.name)]
    videos = [path for path in entries if path.suffix.lower() in _VIDEOS and _EVENT.fullmatch(path.stem)]
    progress.start("looking for frames", len(cuts) + len(folders) + len(videos))
    try:
        for path, name in cuts:
            if name in dives:
                _try_cut(dives[name], path, located)
            progress.advance()
        for path in folders:
            _try_folder(events.get(f"{int(path.name):02d}", []), path, located)
            progress.advance()
        for path in videos:
            _try_video(events.get(f"{int(path.stem):02d}", []), path, located)
            progress.advance()
    finally:
        progress.close()
    return located


def _entries(sources: Iterable[Path]) -> Iterator[Path]:
    for source in sources:
        for root in (source, source / "MTL-AQA_dataset_release"):
            for below in _BELOW:
                folder = root / below
                if folder.is_dir():
                    yield from sorted(folder.iterdir())


def _id(name: str) -> str:
    event, dive = (int(part) for part in name.split("_"))
    return f"{event:02d}_{dive:02d}"


def _try_cut(dive: Dive, path: Path, located: Located) -> None:
    folder = _scan(path, located)
    if folder is None:
        return
    absolute = not folder.missing(window_ending_at(dive.end, WINDOW)).size
    end = dive.end if absolute or int(folder.numbers[0]) != 1 else WINDOW
    missing = folder.missing(window_ending_at(end, WINDOW))
    if missing.size:
        located.problems.append(
            f"{path}: expected {WINDOW} consecutive frames of dive {dive.id}, "
            f"found {WINDOW - len(missing)} of them among {len(folder.numbers)} files"
        )
        return
    located.add(dive.id, _footage(folder, end))


def _try_folder(dives: Sequence[Dive], path: Path, located: Located) -> None:
    folder = _scan(path, located) if dives else None
    if folder is None or not _has_expected_length(dives, folder.last, str(path), located):
        return
    lacking = 0
    for dive in dives:
        if folder.missing(window_ending_at(dive.end, WINDOW)).size:
            lacking += dive.id not in located.footage
        else:
            located.add(dive.id, _footage(folder, dive.end))
    if lacking:
        located.problems.append(
            f"{path}: expected {folder.last - int(folder.numbers[0]) + 1} frames from "
            f"{int(folder.numbers[0])} to {folder.last}, found {len(folder.numbers)}; gaps affect {lacking} "
            f"of {len(dives)} dives"
        )


def _try_video(dives: Sequence[Dive], path: Path, located: Located) -> None:
    if all(dive.id in located.footage for dive in dives):
        return
    from aqa_bench.media.video import probe

    try:
        info = probe(path)
    except DataError as error:
        located.problems.append(f"{path}: {error.found}")
        return
    rate = "" if info.fps is None else f" at {info.fps:.2f} per second"
    if _has_expected_length(dives, info.frames, f"{path}{rate}", located):
        digest = sha256_file(path)
        for dive in dives:
            located.add(dive.id, Footage(kind="video", path=path, end=dive.end, fps=info.fps, sha256=digest))


def _scan(path: Path, located: Located) -> FrameFolder | None:
    try:
        return scan_frames(path)
    except DataError as error:
        located.problems.append(f"{path}: expected {error.expected}, found {error.found}")
        return None


def _has_expected_length(dives: Sequence[Dive], frames: int, where: str, located: Located) -> bool:
    needed = max(dive.end for dive in dives)
    if needed <= frames <= needed * _TOO_MANY:
        return True
    located.problems.append(
        f"{where}: expected at least {needed:,} frames, the end of the last dive, and at most "
        f"{int(needed * _TOO_MANY):,}, found {frames:,}; check that this is the annotators' recording and "
        f"frame rate"
    )
    return False


def _footage(folder: FrameFolder, end: int) -> Footage:
    names = folder.names
    return Footage(
        kind="folder",
        path=names.folder,
        end=end,
        prefix=names.prefix,
        digits=names.digits,
        suffix=names.suffix,
        base=names.base,
    )
