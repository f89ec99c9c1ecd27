"""Where the files of the release lie: in folders as people unpack them, or in zips."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from aqa_bench.core.errors import DataError
from aqa_bench.media.source import ARCHIVE_ERRORS, MediaFile

from .release import ClipName, class_of, parse_stem

__all__ = ["Found", "find_files"]

_POSE, _VIDEO = ".json", ".mp4"
_PARTS = ("train.json", "val.json", "test.json")


@dataclass
class Found:
    """Files of the release.

    Attributes:
        poses: Candidates for each clip's pose file, in the order in which they were found.
        videos: Likewise for its video.
        splits: Split files by part (``train``, ``val``, ``test``).
        strangers: Files that look like the release's but are not in a class folder.
    """

    poses: dict[ClipName, list[MediaFile]] = field(default_factory=dict)
    videos: dict[ClipName, list[MediaFile]] = field(default_factory=dict)
    splits: dict[str, list[MediaFile]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)


def find_files(sources: Sequence[Path]) -> Found:
    """Look through folders and zip archives.

    A file belongs to the class that the nearest folder above it names, whatever lies between
    (``1115_3djoints_index``, ``1115_video``). Of the folders above a source only its own name and
    that of its parent count.

    Args:
        sources: Folders or zip archives that overlay each other.

    Raises:
        DataError: A source does not exist, or is a file that is no zip archive.
    """
    found = Found()
    for source in sources:
        root = source.expanduser().resolve()
        for inside, file in _files(root):
            _file(found, (root.parent.name, root.name, *inside.parts[:-1]), file)
    return found


def _files(root: Path) -> Iterator[tuple[PurePosixPath, MediaFile]]:
    if root.is_dir():
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                yield PurePosixPath(path.relative_to(root).as_posix()), MediaFile(path)
        return
    try:
        with zipfile.ZipFile(root) as archive:
            members = sorted(info.filename for info in archive.infolist() if not info.filename.endswith("/"))
    except (OSError, *ARCHIVE_ERRORS) as error:
        raise DataError(
            "A source of the Waseda squats cannot be used.",
            where=root,
            expected="a folder or a zip archive of the release, e.g. one that holds Pose_Dataset",
            found=f"a file that is not a zip archive ({error})" if root.exists() else "no such path",
            remedy="Correct the path given with --source.",
        ) from error
    for member in members:
        yield PurePosixPath(member), MediaFile(root, member)


def _file(found: Found, folders: Sequence[str], file: MediaFile) -> None:
    if file.suffix not in (_POSE, _VIDEO) or file.name.startswith("."):
        return
    if file.name.lower() in _PARTS:
        found.splits.setdefault(file.name.lower().removesuffix(_POSE), []).append(file)
        return
    stem, folder = PurePosixPath(file.name).stem, class_of(reversed(folders))
    if parse_stem(stem) is None:
        if folder is not None:
            found.strangers.append(f"{file}: not a file name of the release (MMDD_squat_NUMBER)")
        return
    if folder is None:
        found.strangers.append(f"{file}: not in a class folder, but in {'/'.join(folders[-2:])}")
        return
    kind = found.poses if file.suffix == _POSE else found.videos
    kind.setdefault(ClipName(folder, stem), []).append(file)
