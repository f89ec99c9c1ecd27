"""Files of an own dataset: which file is a row's, what it is, and its digest."""

from __future__ import annotations

import difflib
import unicodedata
from functools import cache
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, sha256_file
from aqa_bench.core.lookup import same_number
from aqa_bench.media.images import IMAGE_SUFFIXES
from aqa_bench.media.pose.pose_files import POSE_SUFFIXES

__all__ = ["VIDEO_SUFFIXES", "Shelf", "digest_of", "kind_of"]

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".webm", ".wmv"}
)
_SUFFIXES = VIDEO_SUFFIXES | IMAGE_SUFFIXES | POSE_SUFFIXES
_JSON = ".json"


class Shelf:
    """The folder that the files of a table lie in.

    Args:
        root: The folder.

    Raises:
        DataError: There is no such folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        if not self.root.is_dir():
            raise DataError(
                "The media folder does not exist.",
                where=self.root,
                expected="the folder with the files of the table",
                found="a file" if self.root.exists() else "no such folder",
                remedy="Correct --media.",
            )
        self._listed = cache(_listed)

    def find(self, name: str) -> Path | str:
        """The file of a row.

        Args:
            name: Its path from the folder, with its suffix or without; or the name of a folder of OpenPose's
                files. Letters with marks are the same however they are put together.

        Returns:
            The file or folder; or what was found instead, in words.
        """
        path = self.root / name
        if not path.exists() and "\\" in name:
            path = self.root / name.replace("\\", "/")
        if path.is_file() or (path.is_dir() and any(path.glob(f"*{_JSON}"))):
            return path
        wanted = _composed(path.name)
        around = self._listed(path.parent)
        found = [
            entry
            for known, entry in around.items()
            if known == wanted
            or (Path(known).suffix.lower() in _SUFFIXES and known[: -len(Path(known).suffix)] == wanted)
        ]
        if len(found) == 1 and found[0].name != path.name:
            return found[0]
        if len(found) == 1:
            return _unusable(found[0])
        if found:
            return "several files: " + ", ".join(sorted(entry.name for entry in found))
        stems = {Path(known).stem: known for known in around} | {known: known for known in around}
        number = same_number(wanted, stems)
        if number is not None:
            hint = "spreadsheets reformat numbers: format the column as text"
            return f"no such file (did you mean {stems[number]}? {hint})"
        near = difflib.get_close_matches(wanted, around, n=1, cutoff=0.5)
        return "no such file" + (f" (did you mean {near[0]}?)" if near else "")


def kind_of(path: Path) -> str | None:
    """``video``, ``image`` or ``pose``; None for other files."""
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in POSE_SUFFIXES:
        return "pose"
    if suffix in VIDEO_SUFFIXES:
        return "video"
    return "image" if suffix in IMAGE_SUFFIXES else None


def digest_of(path: Path) -> tuple[str, int]:
    """Hex SHA-256 and bytes of a file, or of the JSON files of a folder.

    Raises:
        DataError: One cannot be read.
    """
    try:
        if path.is_file():
            return sha256_file(path), path.stat().st_size
        files = sorted(path.glob(f"*{_JSON}"))
        content = [[file.name, sha256_file(file)] for file in files]
        return sha256_bytes(canonical_json(content).encode()), sum(file.stat().st_size for file in files)
    except OSError as error:
        raise DataError(
            "A file cannot be read.",
            where=path,
            expected="a readable file",
            found=error.strerror or str(error),
            remedy="Correct its permissions or the link, or remove the row.",
        ) from error


def _unusable(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return f"a broken link to {path.readlink()}"
    return (
        f"a folder without {_JSON} files, {path.name}"
        if path.is_dir()
        else f"{path.name}, which is not a file"
    )


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _listed(folder: Path) -> dict[str, Path]:
    try:
        return {_composed(entry.name): entry for entry in sorted(folder.iterdir())}
    except OSError:
        return {}
