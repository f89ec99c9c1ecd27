"""Arrays in ``.npy`` and ``.npz`` files that others wrote.

NumPy's reader trusts headers: it makes room for what they claim, unpickles, and raises whatever a damaged
archive makes zipfile raise. Here nothing is made that the file does not hold, and there is one exception.
"""

from __future__ import annotations

import ast
import io
import math
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["ARRAY_BYTES", "ArrayArchive", "ArrayError", "parse_npy", "text_of"]

ARRAY_BYTES = 128 << 20
"""Largest array that is read: keypoints of hours, features of days."""

_MAGIC = b"\x93NUMPY"
_HEADER_BYTES = 10_000
_DIMENSIONS = 8
_MEMBERS = 1 << 20
_RATIO, _RATIO_FREE_BYTES = 200, 8 << 20
_TYPE = re.compile(r"[<>|=]?(?:[biufc](?:1|2|4|8|16|32)|\?|[SU]\d{1,9})")
_PYTHON_2_LONG = re.compile(r"(?<=\d)L")
_SUFFIX = ".npy"

_Array = npt.NDArray[Any]


class ArrayError(ValueError):
    """A file holds no arrays of numbers or texts, or is damaged."""


def parse_npy(content: bytes) -> _Array:
    """The array of a ``.npy`` file.

    Args:
        content: All of the file.

    Returns:
        Numbers or texts, in memory of their own.

    Raises:
        ArrayError: The header is none, names Python objects or records, or claims more or less than the file
            holds.
    """
    header, start = _header(content)
    descr, shape, fortran = (header.get(key) for key in ("descr", "shape", "fortran_order"))
    if not isinstance(descr, str) or not _TYPE.fullmatch(descr):
        named = "object, which are pickled" if descr in ("|O", "O") else f"{descr!r:.60}"
        raise ArrayError(f"values of type {named}")
    if not isinstance(shape, tuple) or len(shape) > _DIMENSIONS or not all(map(_is_length, shape)):
        raise ArrayError(f"shape {shape!r:.60}")
    try:
        dtype = np.dtype(descr)
    except TypeError as error:
        raise ArrayError(f"values of type {descr!r}") from error
    count = math.prod(shape)
    needed, given = count * dtype.itemsize, len(content) - start
    if needed != given:
        word = "truncated" if given < needed else "too long"
        raise ArrayError(f"{word}: {given} bytes of values where shape {shape} of {dtype} takes {needed}")
    if needed == 0:
        if max(shape, default=0) > _HEADER_BYTES:
            raise ArrayError(f"no values, in shape {shape}")
        return np.empty(shape, dtype)
    values = np.frombuffer(content, dtype, count, start)
    # NumPy makes a text of any number, and Python then fails within itself.
    codes = values.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder)) if dtype.kind == "U" else None
    if codes is not None and codes.max() > sys.maxunicode:
        raise ArrayError("numbers that are not characters, in a text")
    return values.reshape(shape, order="F" if fortran else "C").copy()


class ArrayArchive:
    """An ``.npz`` file, read array by array; a context manager.

    Args:
        source: The file, or its content.
        limit: Most bytes of an array.

    Attributes:
        names: Names of the arrays, in the file's order.

    Raises:
        ArrayError: It is no zip archive, or holds two arrays of one name.
        OSError: It cannot be read.
    """

    def __init__(self, source: Path | bytes, limit: int = ARRAY_BYTES) -> None:
        if isinstance(source, Path) and not stat.S_ISREG(source.stat().st_mode):
            raise ArrayError("not a plain file")
        self._limit = limit
        with _damaged():
            self._archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
        members = [info for info in self._archive.infolist() if info.filename.endswith(_SUFFIX)]
        self._members = {info.filename.removesuffix(_SUFFIX): info for info in members}
        if len(self._members) != len(members) or len(members) > _MEMBERS:
            self._archive.close()
            raise ArrayError(f"{len(members)} arrays of {len(self._members)} names")
        self.names = list(self._members)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def read(self, name: str) -> _Array:
        """One of the arrays, as :func:`parse_npy` reads it.

        Raises:
            ArrayError: There is none of that name, or it is encrypted, packed in a way that NumPy does not
                use, of absurd size or damaged.
        """
        if name not in self._members:
            raise ArrayError(f"no array {name!r}, only {', '.join(self.names[:8]) or 'none'}")
        info = self._members[name]
        if info.flag_bits & 1:
            raise ArrayError(f"{name}: encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArrayError(f"{name}: compression method {info.compress_type}, neither stored nor deflated")
        size, packed = info.file_size, max(info.compress_size, 1)
        if size > self._limit or (size > _RATIO_FREE_BYTES and size > _RATIO * packed):
            raise ArrayError(f"{name}: {size:,} bytes from {packed:,}")
        with _damaged(), self._archive.open(info) as file:
            content = file.read(size + 1)
        return parse_npy(content)


def text_of(array: _Array) -> str:
    """The text in an array without dimensions.

    Raises:
        ArrayError: It is anything else.
    """
    if array.shape != () or array.dtype.kind != "U":
        raise ArrayError(f"{array.dtype} of shape {array.shape} instead of a text")
    return str(array)


@contextmanager
def _damaged() -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, LookupError, OverflowError,
        RuntimeError, MemoryError,
    ) as error:  # fmt: skip
        raise ArrayError(str(error) or type(error).__name__) from error


def _header(content: bytes) -> tuple[dict[str, Any], int]:
    """What a header says, and where the values begin."""
    major, width = content[6:7], 2 if content[6:7] == b"\x01" else 4
    start = 8 + width
    if not content.startswith(_MAGIC) or major not in (b"\x01", b"\x02", b"\x03") or len(content) < start:
        raise ArrayError("an empty file" if not content else f"no .npy header ({len(content)} bytes)")
    length = int.from_bytes(content[8:start], "little")
    if length > min(_HEADER_BYTES, len(content) - start):
        raise ArrayError(f"no .npy header ({length:,} bytes of it in {len(content):,})")
    try:
        text = content[start : start + length].decode("utf-8" if major == b"\x03" else "latin-1")
        header = ast.literal_eval(_PYTHON_2_LONG.sub("", text).strip())
    # Whatever Python's parser raises: TypeError for keys that cannot be hashed, MemoryError for nesting.
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ArrayError("an unreadable .npy header") from error
    if not isinstance(header, dict):
        raise ArrayError("an incomplete .npy header")
    return header, start + length


def _is_length(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 40
