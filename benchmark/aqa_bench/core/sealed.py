"""Files that say of themselves whether they are whole: a digest, what they are and in which version.

A seal finds damage, truncation and edits by hand. It is no signature: who rewrites a file can seal it
again, so that what decides a result is checked against something else as well (labels, a generator).

Two forms. A file that only this package reads is *sealed*: one line of JSON (``kind``, ``version``,
``bytes``, ``sha256``), then the payload. A file that others read too (safetensors, JSON) keeps its format
and is *stamped*: it carries :func:`blank_stamp` in its metadata, and :func:`stamped` writes the digest of the
whole file over the blank. A digest in the file rather than beside it cannot be lost, left
behind by a copy, or be of another moment than the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from aqa_bench.core.bounded import DOCUMENT_BYTES, parse_json
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, write_atomic

__all__ = [
    "LARGE",
    "Damaged",
    "blank_stamp",
    "check_stamp",
    "sealed_read",
    "sealed_read_json",
    "sealed_write",
    "sealed_write_json",
    "stamped",
]

LARGE = 1 << 36
"""A ``limit`` for weights and checkpoints: 64 GiB."""

_HEADER = 512
_LIMIT = 1 << 28
_REMEDY = "Delete the file; it will be created again."
_KIND = re.compile(r"[a-z][a-z0-9-]{0,39}")
_BLANK = "0" * 64


class Damaged(DataError):  # noqa: N818 - a state of a file, named as one speaks of it
    """A sealed file is not what was written, or not what is asked for."""


def sealed_write(path: Path, kind: str, version: int, payload: bytes) -> Path:
    """Write a payload behind a header with its digest, in one step.

    Args:
        path: The file to write; its folder is made when missing.
        kind: What the file is: lower-case letters, digits and ``-``.
        version: Version of the payload's format.
        payload: What to keep.

    Returns:
        ``path``.

    Raises:
        AqaBenchError: The file cannot be written.
    """
    return write_atomic(path, _header(kind, version, len(payload), sha256_bytes(payload)) + payload)


def sealed_read(path: Path, kind: str, version: int, *, limit: int = _LIMIT, remedy: str = _REMEDY) -> bytes:
    """The payload of a file of :func:`sealed_write`.

    The header is bounded and the length is compared with the file's before anything is read.

    Args:
        path: The file.
        kind: What it has to be.
        version: Version that is understood.
        limit: Most bytes of payload that are read.
        remedy: What the reader can do about a damaged file.

    Raises:
        Damaged: The file is missing or not a file, of another kind or version, too large, or was changed.
    """

    def damaged(expected: str, found: str) -> Damaged:
        return _damaged(path, kind, expected, found, remedy)

    def read(file: IO[bytes], size: int) -> bytes:
        line = file.readline(_HEADER)
        head = _parsed(line)
        if head is None:
            raise damaged("a header of one line with a digest", "no such header")
        if (head["kind"], head["version"]) != (kind, version):
            raise damaged(f"{kind}, version {version}", f"{head['kind']}, version {head['version']}")
        if head["bytes"] > limit:
            raise damaged(f"at most {limit} bytes", f"{head['bytes']}")
        if head["bytes"] != size - len(line):
            raise damaged(f"{head['bytes']} bytes after the header", f"{size - len(line)}")
        payload = file.read(head["bytes"])
        digest = sha256_bytes(payload)
        if digest != head["sha256"]:
            raise damaged(f"sha256 {head['sha256']}", f"sha256 {digest}")
        return payload

    return _opened(path, damaged, read)


def sealed_write_json(path: Path, kind: str, version: int, document: Any) -> Path:
    """As :func:`sealed_write`, of plain JSON; NaN is refused."""
    return sealed_write(path, kind, version, canonical_json(document).encode())


def sealed_read_json(
    path: Path, kind: str, version: int, *, limit: int = DOCUMENT_BYTES, remedy: str = _REMEDY
) -> Any:
    """As :func:`sealed_read`, of plain JSON.

    Raises:
        Damaged: As :func:`sealed_read`, or the payload is not JSON.
    """
    payload = sealed_read(path, kind, version, limit=limit, remedy=remedy)
    try:
        return parse_json(payload)
    except ValueError as error:
        raise _damaged(path, kind, "JSON behind the header", str(error), remedy) from error


def blank_stamp(kind: str, version: int) -> str:
    """What a file that is to be :func:`stamped` carries, as a text in its metadata."""
    return _mark(kind, version).decode() + _BLANK


def stamped(content: bytes, kind: str, version: int) -> bytes:
    """A file's content with its digest in the place of the last :func:`blank_stamp` that it carries.

    Raises:
        ValueError: The content does not carry one.
    """
    mark = _mark(kind, version)
    start = content.rindex(mark) + len(mark)
    end = start + len(_BLANK)
    if content[start:end] != _BLANK.encode():
        raise ValueError(f"a content of {kind} whose last stamp is not blank")
    return content[:start] + sha256_bytes(content).encode() + content[end:]


def check_stamp(path: Path, content: bytes, kind: str, version: int, *, remedy: str = _REMEDY) -> None:
    """Check the stamp of a file that was read.

    Args:
        path: Where it was read, for the error.
        content: All of it.
        kind: What it has to be.
        version: Version that is understood.
        remedy: What the reader can do about a damaged file.

    Raises:
        Damaged: There is no such stamp, or the content is not what was stamped.
    """
    mark = _mark(kind, version)
    found = content.rfind(mark)
    if found < 0:
        raise _damaged(path, kind, f"a digest of {kind}, version {version}, in the file", "none", remedy)
    start = found + len(mark)
    end = start + len(_BLANK)
    view = memoryview(content)
    digest = hashlib.sha256(view[:start])
    digest.update(_BLANK.encode())
    digest.update(view[end:])
    said = content[start:end].decode("ascii", "replace")
    if digest.hexdigest() != said:
        raise _damaged(path, kind, f"sha256 {said}", f"sha256 {digest.hexdigest()}", remedy)


def _header(kind: str, version: int, size: int, digest: str) -> bytes:
    if _KIND.fullmatch(kind) is None:
        raise ValueError(f"{kind!r} does not name a kind of file")
    head = {"bytes": size, "kind": kind, "sha256": digest, "version": version}
    return canonical_json(head).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A header; None where it is not, to the byte, what :func:`_header` writes."""
    try:
        head = parse_json(line)
        same = _header(head["kind"], head["version"], head["bytes"], head["sha256"]) == line
        numbers = type(head["bytes"]) is int and type(head["version"]) is int and head["bytes"] >= 0
    except (ValueError, KeyError, TypeError):
        return None
    return head if same and numbers else None


def _mark(kind: str, version: int) -> bytes:
    if _KIND.fullmatch(kind) is None:
        raise ValueError(f"{kind!r} does not name a kind of file")
    return f"aqa-bench {kind} {version} sha256:".encode()


def _opened(
    path: Path, damaged: Callable[[str, str], Damaged], read: Callable[[IO[bytes], int], bytes]
) -> bytes:
    try:
        # Before it is opened: opening a named pipe waits for whoever writes into it.
        if not stat.S_ISREG(path.stat().st_mode):
            raise damaged("a file", "something else")
        with path.open("rb") as file:
            return read(file, os.fstat(file.fileno()).st_size)
    except FileNotFoundError as error:
        raise damaged("the file", "no such file") from error
    except OSError as error:
        raise damaged("a readable file", error.strerror or str(error)) from error


def _damaged(path: Path, kind: str, expected: str, found: str, remedy: str) -> Damaged:
    return Damaged(
        f"A file is damaged or was changed ({kind}).",
        where=path,
        expected=expected,
        found=found,
        remedy=remedy,
    )
