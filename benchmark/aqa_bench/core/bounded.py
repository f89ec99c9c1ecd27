"""Files that others wrote, read with bounds: no endless file, no endless nesting, no bomb."""

from __future__ import annotations

import errno
import json
import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["DOCUMENT_BYTES", "gunzip", "parse_json", "read_bounded"]

DOCUMENT_BYTES = 16 << 20
"""Largest JSON document that is read; objects take up to thirty times the bytes of their text."""
_GZIP = 16 + zlib.MAX_WBITS


def read_bounded(path: Path, limit: int = DOCUMENT_BYTES) -> bytes:
    """The content of a plain file of at most ``limit`` bytes.

    Raises:
        OSError: It cannot be read, is larger, or is no plain file: a pipe or a device may never end.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    with path.open("rb") as file:
        # What is asked for is made room for at once.
        content = b"" if status.st_size > limit else file.read(status.st_size + 1)
    if max(status.st_size, len(content)) > limit:
        raise OSError(errno.EFBIG, f"more than {limit:,} bytes", str(path))
    return content


def parse_json(text: str | bytes, hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """A JSON document.

    Args:
        text: The document; as bytes in UTF-8, UTF-16 or UTF-32.
        hook: Makes an object of its pairs, by default a dictionary.

    Raises:
        ValueError: It is none, or is nested too deeply.
    """
    try:
        return json.loads(text, object_pairs_hook=hook)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def gunzip(content: bytes, limit: int = DOCUMENT_BYTES) -> bytes:
    """What a gzip file of one member holds.

    Raises:
        ValueError: It is damaged, or holds more than ``limit`` bytes.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        data = unpacker.decompress(content, limit + 1)
    except zlib.error as error:
        raise ValueError(f"not a gzip file: {error}") from error
    if len(data) > limit:
        raise ValueError(f"more than {limit:,} bytes unpacked")
    if not unpacker.eof:
        raise ValueError("truncated")
    return data
