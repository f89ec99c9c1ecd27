"""Walk the folders and archives a release was downloaded to, without opening any media."""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.media.source import ARCHIVE_ERRORS, MediaFile

from .problems import Problem

__all__ = ["FoundFile", "scan"]

MAX_MEMBER_BYTES = 1 << 30
MAX_RATIO = 200
_RATIO_FREE_BYTES = 8 << 20
_SEPARATOR = re.compile(r"[/\\]")
_IGNORED = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the release, where it lies.

    Attributes:
        source: Number of the source it was found under.
        media: The file or archive member.
        parts: Its path below the source; an archive counts as the folder it would unpack to.
        size: Bytes, unpacked.
        stamp: Changes when the content may have: modification time in ns; for a member the archive's.
    """

    source: int
    media: MediaFile
    parts: tuple[str, ...]
    size: int
    stamp: int


def scan(sources: Sequence[Path]) -> tuple[list[FoundFile], list[Problem]]:
    """List every file under the sources, looking into zip archives.

    Args:
        sources: Folders or zip archives. They overlay each other.

    Returns:
        The files in a stable order, and what could not be read.

    Raises:
        DataError: A source does not exist or cannot be read.
    """
    files: list[FoundFile] = []
    problems: list[Problem] = []
    for number, source in enumerate(sources):
        root = source.expanduser().absolute()
        try:
            root.stat()
        except (OSError, ValueError) as error:
            raise DataError(
                "A source cannot be read.",
                where=root,
                expected="a folder or zip archive of the release",
                found=getattr(error, "strerror", None) or str(error),
                remedy="Correct --source PATH.",
            ) from error
        found = list(_folder(number, root, problems) if root.is_dir() else _file(number, root, (), problems))
        files.extend(sorted(found, key=lambda file: (len(file.parts), file.parts, str(file.media))))
    return files, problems


def _folder(number: int, root: Path, problems: list[Problem]) -> Iterator[FoundFile]:
    visited: set[tuple[int, int]] = set()
    pending: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    while pending:
        folder, parts = pending.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as scanned:
                entries = list(scanned)
        except OSError as error:
            problems.append(
                Problem(
                    str(folder), "folder cannot be read", "a readable folder", error.strerror or str(error)
                )
            )
            continue
        for entry in entries:
            if entry.name in _IGNORED or entry.name.startswith("._"):
                continue
            readable = os.fsencode(entry.name).decode(errors="backslashreplace")
            if readable != entry.name:
                found = f"{folder}/{readable}"
                problems.append(Problem(found, "file name is not UTF-8", "a name in UTF-8", readable))
                continue
            path = folder / entry.name
            if _is_folder(entry):
                pending.append((path, (*parts, entry.name)))
            else:
                yield from _file(number, path, parts, problems)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _file(number: int, path: Path, parts: tuple[str, ...], problems: list[Problem]) -> Iterator[FoundFile]:
    try:
        status = path.stat()
    except OSError as error:
        reason = error.strerror or str(error)
        problems.append(Problem(str(path), "file cannot be read", "a readable file", reason))
        return
    if not stat.S_ISREG(status.st_mode):
        return
    if path.suffix.lower() == ".zip":
        yield from _archive(number, path, (*parts, path.stem), status.st_mtime_ns, problems)
    else:
        yield FoundFile(number, MediaFile(path), (*parts, path.name), status.st_size, status.st_mtime_ns)


def _archive(
    number: int, path: Path, parts: tuple[str, ...], stamp: int, problems: list[Problem]
) -> Iterator[FoundFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, *ARCHIVE_ERRORS) as error:
        reason = str(error) or type(error).__name__
        problems.append(Problem(str(path), "archive cannot be read", "an undamaged zip archive", reason))
        return
    seen: set[str] = set()
    for member in members:
        name = tuple(part for part in _SEPARATOR.split(member.filename) if part not in ("", "."))
        if (
            member.filename.endswith("/")
            or _IGNORED.intersection(name)
            or (name and name[-1].startswith("._"))
        ):
            continue
        fault = _refused(member, name, seen)
        seen.add(member.filename)
        if fault is not None:
            expected, found = fault
            place = f"{path}!{member.filename.encode(errors='backslashreplace').decode()}"
            problems.append(Problem(place, "archive member refused", expected, found))
            continue
        media = MediaFile(path, member.filename)
        yield FoundFile(number, media, (*parts, *name), member.file_size, stamp)


def _refused(member: zipfile.ZipInfo, name: tuple[str, ...], seen: set[str]) -> tuple[str, str] | None:
    escapes = member.filename.startswith(("/", "\\")) or ".." in name
    ratio = member.file_size / max(member.compress_size, 1)
    if escapes or not name or name[0].endswith(":"):
        return "a path inside the archive", "a path that leads outside"
    if member.filename in seen:
        return "unique member names", "the same name twice"
    if member.flag_bits & 0x1:
        return "an archive without a password", "an encrypted member"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a regular file", "a symbolic link"
    if member.file_size > MAX_MEMBER_BYTES:
        return f"at most {MAX_MEMBER_BYTES:,} bytes", f"{member.file_size:,} bytes unpacked"
    if member.file_size > _RATIO_FREE_BYTES and ratio > MAX_RATIO:
        return f"at most {MAX_RATIO} times its packed size", f"{ratio:,.0f} times (a zip bomb)"
    if name[-1].lower().endswith(".zip"):
        return "media and JSON files", "an archive inside an archive; unpack the outer one"
    try:
        member.filename.encode()
    except UnicodeEncodeError:
        return "a name in UTF-8", "bytes that are not UTF-8"
    return None
