"""Clips in an object store (S3 and whatever else fsspec speaks to), with local copies of what is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aqa_bench.coach.web.storage import CLIP, FolderStorage, checked
from aqa_bench.core.errors import UsageError

__all__ = ["FsspecStorage"]


class FsspecStorage:
    """Files under an address of fsspec, e.g. ``s3://bucket/coach``.

    Credentials come from the environment, as the protocol's package says (``s3fs`` for S3).

    Args:
        address: The address.
        copies: Folder for local copies; deleting a job removes its copies.

    Raises:
        UsageError: fsspec or the package of the protocol is not installed.
    """

    def __init__(self, address: str, copies: Path) -> None:
        try:
            from fsspec.core import url_to_fs

            files, root = url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise UsageError(
                "This storage cannot be opened.",
                where=address,
                expected="an address that fsspec knows, with its package installed (s3fs for s3://)",
                found=str(error),
                remedy="pip install fsspec s3fs",
            ) from error
        self._files: Any = files
        self._root = str(root).rstrip("/")
        self._folder = copies.parent
        self._copies = FolderStorage(copies)

    def put(self, key: str, name: str, file: Path) -> None:
        """Upload a file, and keep it as the local copy."""
        # An object appears when its upload is complete.
        self._files.makedirs(f"{self._root}/{checked(key, name)[0]}", exist_ok=True)
        self._files.put_file(str(file), f"{self._root}/{key}/{name}")
        self._copies.put(key, name, file)

    def local(self, key: str, name: str) -> Path | None:
        """The local copy, fetched where it is missing or of another size than the object."""
        address = "/".join([self._root, *checked(key, name)])
        try:
            size = int(self._files.size(address))
        except FileNotFoundError:
            return None
        copy = self._copies.local(key, name)
        if copy is None or copy.stat().st_size != size:
            with TemporaryDirectory(dir=self._folder) as folder:
                fetched = Path(folder) / name
                self._files.get_file(address, str(fetched))
                self._copies.put(key, name, fetched)
        return self._copies.local(key, name)

    def delete(self, key: str) -> None:
        """Remove the objects and their copies."""
        folder = f"{self._root}/{checked(key, CLIP)[0]}"
        if self._files.exists(folder):
            self._files.rm(folder, recursive=True)
        self._copies.delete(key)

    def keys(self) -> Iterator[str]:
        """Folders below the address."""
        self._files.invalidate_cache()
        if self._files.exists(self._root):
            for path in self._files.ls(self._root, detail=False):
                yield str(path).rstrip("/").rpartition("/")[2]
