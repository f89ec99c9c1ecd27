"""Media files where they lie: on disk, or inside a zip that is never extracted."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes, sha256_file

__all__ = ["ARCHIVE_ERRORS", "MAX_BYTES", "MAX_RATIO", "MediaFile"]

ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, LookupError,
    OverflowError, MemoryError,
)  # fmt: skip
"""What Python raises of a damaged zip archive, besides OSError."""

MAX_BYTES = 2 << 30
MAX_RATIO = 200
_RATIO_FREE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, order=True)
class MediaFile:
    """A file on disk, or a member of a zip archive, read in place.

    A member is refused when it would unpack to more than ``MAX_BYTES`` bytes, or to more than
    ``MAX_RATIO`` times its stored size (beyond 8 MiB): media hardly compress, so that much
    inflation is a zip bomb. Instances pickle and compare by value.

    Attributes:
        path: The file, or the archive that holds it.
        member: Name of the member inside the archive; None for a plain file.
    """

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"

    @property
    def name(self) -> str:
        """File name without folders."""
        return self.path.name if self.member is None else PurePosixPath(self.member).name

    @property
    def suffix(self) -> str:
        """Lower-case suffix of the file name, e.g. ``.mp4``."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def size(self) -> int:
        """Bytes of the (unpacked) content.

        Raises:
            DataError: The file or the member does not exist or cannot be read.
        """
        with self._translated():
            if self.member is None:
                return self.path.stat().st_size
            return self._info(self.member)[1].file_size

    def read_bytes(self, limit: int | None = None) -> bytes:
        """The whole content.

        Args:
            limit: Most bytes that are read, by default ``MAX_BYTES``.

        Raises:
            DataError: The file is missing, unreadable, damaged, encrypted or of absurd size.
        """
        limit = MAX_BYTES if limit is None else limit
        with self._translated():
            if self.member is None:
                return read_bounded(self.path, limit)
            archive, info = self._info(self.member)
            self._refuse(info, limit)
            return _unpacked(archive, info)

    def open(self) -> IO[bytes]:
        """A seekable binary reader: the file itself, or an unpacked member in memory.

        Raises:
            DataError: As for :meth:`read_bytes`.
        """
        with self._translated():
            return self.path.open("rb") if self.member is None else io.BytesIO(self.read_bytes())

    def sha256(self) -> str:
        """Hex SHA-256 of the content.

        Raises:
            DataError: As for :meth:`read_bytes`.
        """
        with self._translated():
            if self.member is None:
                return sha256_file(self.path)
            archive, info = self._info(self.member)
            self._refuse(info, MAX_BYTES)
            if info.compress_type != zipfile.ZIP_STORED:
                return sha256_bytes(_unpacked(archive, info))
            digest = hashlib.sha256()
            with archive.open(info) as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
            return digest.hexdigest()

    def _info(self, member: str) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
        status = self.path.stat()
        archive = _archive(self.path, status.st_size, status.st_mtime_ns, os.getpid())
        return archive, archive.getinfo(member)

    def _refuse(self, info: zipfile.ZipInfo, limit: int) -> None:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # LZMA makes room for a dictionary of any size that the member names.
            raise self._unreadable(f"packed by method {info.compress_type}, neither stored nor deflated")
        ratio = info.file_size / max(info.compress_size, 1)
        if info.file_size > limit or (info.file_size > _RATIO_FREE_BYTES and ratio > MAX_RATIO):
            raise DataError(
                "An archive member of absurd size was refused.",
                where=str(self),
                expected=f"at most {limit:,} bytes and at most {MAX_RATIO} times its packed size",
                found=f"{info.file_size:,} bytes from {info.compress_size:,}",
                remedy="Check the source of the archive; if you trust it, extract the file yourself.",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except KeyError as error:
            raise self._unreadable("no such member in the archive") from error
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        except ARCHIVE_ERRORS as error:
            raise self._unreadable(str(error) or type(error).__name__) from error

    def _unreadable(self, reason: str) -> DataError:
        return DataError(
            "A media file could not be read.",
            where=str(self),
            expected="a readable, undamaged file",
            found=reason,
            remedy="Download the file again, or fix its permissions.",
        )


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member's content: no more than the directory says, whatever is packed."""
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise zipfile.BadZipFile(f"{len(content):,} of {info.file_size:,} bytes")
    return content


@lru_cache(maxsize=16)
def _archive(path: Path, size: int, modified_ns: int, process: int) -> zipfile.ZipFile:
    # Reading a directory of 5,000 members takes tens of milliseconds, so archives stay open: one
    # handle a process (a forked child must not share a file position), dropped when the file changes.
    return zipfile.ZipFile(path)
