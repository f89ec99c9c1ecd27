"""Split files that come with some copies of the release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from aqa_bench.core.bounded import DOCUMENT_BYTES, parse_json
from aqa_bench.core.errors import DataError
from aqa_bench.media.source import MediaFile

from .release import ClipName, class_of, parse_stem

__all__ = ["PARTS", "read_official"]

PARTS = ("train", "val", "test")
_PATH = "folder_path"
_EXPECTED = f'JSON {{"0": {{"{_PATH}": ".../bad_toe/.../0918_squat_000001.mp4", "label": 6}}, ...}}'


def read_official(
    files: Mapping[str, Sequence[MediaFile]], known: Iterable[ClipName]
) -> dict[str, tuple[str, ...]]:
    """Read ``train.json``, ``val.json`` and ``test.json``.

    A clip's class is in its path, or, where the path has no class folder, that of the only clip of
    its name. The label numbers are not read: files that are known differ in what they stand for.

    Args:
        files: Files by part; val may be absent.
        known: Clips that are available.

    Returns:
        Clip ids by part, each in the file's order.

    Raises:
        DataError: A part is missing or there are two different files for it, a file cannot be read, an
            entry names no clip, or a clip stands in two places.
    """
    by_stem: dict[str, list[ClipName]] = {}
    for name in known:
        by_stem.setdefault(name.stem, []).append(name)
    missing = [part for part in ("train", "test") if not files.get(part)]
    if missing:
        listed = ", ".join(str(file) for part in PARTS for file in files.get(part, ()))
        raise _unusable(listed, "train.json and test.json, usually with val.json", f"no {missing[0]}.json")
    parts = {part: _read_part(files[part], by_stem) if files.get(part) else () for part in PARTS}
    seen: dict[str, str] = {}
    for part, ids in parts.items():
        for clip in ids:
            if clip in seen:
                raise _unusable(
                    ", ".join(map(str, files[part])),
                    "each clip once",
                    f"{clip} in {part} and in {seen[clip]}",
                )
            seen[clip] = part
    return parts


def _read_part(files: Sequence[MediaFile], by_stem: Mapping[str, Sequence[ClipName]]) -> tuple[str, ...]:
    contents = list(dict.fromkeys(file.read_bytes(DOCUMENT_BYTES) for file in files))
    where = ", ".join(map(str, files))
    if len(contents) > 1:
        raise _unusable(where, "one file per part", f"{len(contents)} different files")
    try:
        document = parse_json(contents[0])
    except ValueError as error:
        raise _unusable(where, _EXPECTED, str(error)) from error
    entries = list(document.values()) if isinstance(document, dict) else document
    if not isinstance(entries, list) or not entries:
        raise _unusable(where, _EXPECTED, "no entries")
    return tuple(_clip(entry, by_stem, where) for entry in entries)


def _clip(entry: Any, by_stem: Mapping[str, Sequence[ClipName]], where: str) -> str:
    path = entry.get(_PATH) if isinstance(entry, dict) else entry
    if not isinstance(path, str):
        raise _unusable(where, _EXPECTED, f"an entry without {_PATH}: {entry!r:.80}")
    file = PurePosixPath(path.replace("\\", "/"))
    folder = class_of(reversed(file.parts[:-1]))
    if parse_stem(file.stem) is None:
        raise _unusable(where, "paths of clips", f"{path!r:.120}")
    if folder is not None:
        return ClipName(folder, file.stem).id
    candidates = by_stem.get(file.stem, ())
    if len(candidates) != 1:
        found = f"{len(candidates) or 'no'} available clips with that name"
        raise _unusable(where, "a class folder in every path", f"{path!r:.120}, and {found}")
    return candidates[0].id


def _unusable(where: str, expected: str, found: str) -> DataError:
    return DataError(
        "The split files of the Waseda squats cannot be used.",
        where=where,
        expected=expected,
        found=found,
        remedy="Correct them, or move them out of the source and prepare again; day-grouped needs no split "
        "files.",
    )
