"""Where clips and what is made of them are kept: an interface, and the folder that is the default."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sync_folder

__all__ = ["CLIP", "FolderStorage", "Storage", "checked"]

#: Name of the upload among the files of a job.
CLIP: Final = "clip.mp4"

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Storage(Protocol):
    """Files of jobs, each job with a key of its own.

    A file is whole or absent, and a job's files go together.
    """

    def put(self, key: str, name: str, file: Path) -> None:
        """Take over a local file; it is gone from its old place afterwards.

        Raises:
            OSError: It could not be stored; nothing is left of it in the storage.
        """
        ...

    def local(self, key: str, name: str) -> Path | None:
        """A local path to read a file from, or None where there is no such file."""
        ...

    def delete(self, key: str) -> None:
        """Remove every file of a job; there may be none."""
        ...

    def keys(self) -> Iterator[str]:
        """The jobs that have files."""
        ...


class FolderStorage:
    """A folder with one folder per job.

    Args:
        root: The folder; made when missing. Files that are put must lie on the same file system, or are
            copied first.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: str, name: str, file: Path) -> None:
        """Rename a file into the job's folder."""
        target = self._path(key, name)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        staged = target.with_name(f".{name}.part")
        try:
            shutil.move(file, staged)
            staged.replace(target)
        except OSError:
            staged.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)

    def local(self, key: str, name: str) -> Path | None:
        """The file itself."""
        path = self._path(key, name)
        return path if path.is_file() else None

    def delete(self, key: str) -> None:
        """Remove the job's folder."""
        folder = self._path(key, CLIP).parent
        gone = folder.with_name(f".{key}.gone")
        try:
            # From here on nobody finds a part of it.
            folder.replace(gone)
        except FileNotFoundError:
            return
        except OSError:
            gone = folder
        shutil.rmtree(gone, ignore_errors=True)

    def keys(self) -> Iterator[str]:
        """Names of the folders; those that a kill left half-deleted are removed."""
        for entry in os.scandir(self._root):
            name = entry.name.removeprefix(".").removesuffix(".gone")
            if entry.name == f".{name}.gone":
                shutil.rmtree(entry.path, ignore_errors=True)
            elif _KEY.fullmatch(entry.name):
                yield name

    def _path(self, key: str, name: str) -> Path:
        return self._root / Path(*checked(key, name))


def checked(key: str, name: str) -> tuple[str, str]:
    """A key and a name, once they are known to be no path.

    Raises:
        DataError: They may be one.
    """
    if not _KEY.fullmatch(key) or not _NAME.fullmatch(name):
        raise DataError("This is not a file of a clip.", found=f"{key!r}, {name!r}")
    return key, name
