"""One clip of a frame store: a file of frames that says how long it is and what it adds up to."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqa_bench.core.errors import DataError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.clips import Indices
from aqa_bench.media.frame_store.encoding import Encoding

__all__ = ["SUFFIX", "ClipFile", "write_clip"]

SUFFIX = ".frames"
_MAGIC = b"AQAFRM2\n"
_FIELDS = struct.Struct("<8sIIIIQ")
_HEADER = 64
_CHUNK = 4 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class ClipFile:
    """Frames of a clip on disk.

    A frame is read from its place in the file, straight into the array that wants it. A mapped file would
    cost one of the process' few file handles per clip, and would end the process where the file is cut short.

    Attributes:
        path: The file.
        encoding: How frames lie in it.
        frames: Their number.
        side: Their side in pixels.
        places: Where each frame begins and the last one ends, ``(frames + 1,)``; None where all are alike.
    """

    path: Path
    encoding: Encoding
    frames: int
    side: int
    places: Indices | None = None

    @classmethod
    def open(cls, path: Path, *, check: bool = True) -> ClipFile:
        """Read what a file says of itself, and check its length and its digest.

        Args:
            path: The file.
            check: Whether the digest is checked; not where another process has just done so.

        Raises:
            FileNotFoundError: There is no such file.
            DataError: It is damaged, cut short, or no clip.
        """
        with _opened(path) as handle:
            header = os.read(handle, _HEADER)
            if len(header) < _HEADER or not header.startswith(_MAGIC):
                raise _damaged(path, "not a clip file")
            _, quality, frames, side, digest, length = _FIELDS.unpack_from(header)
            found = os.fstat(handle).st_size
            if found != _HEADER + length:
                raise _damaged(path, f"{found:,} bytes where {_HEADER + length:,} were written")
            if check and _digest(handle, quality, frames, side) != digest:
                raise _damaged(path, "bytes that differ from those written")
            if not quality:
                return cls(path, Encoding(), frames, side)
            table = 8 * (frames + 1)
            places = np.frombuffer(_exactly(handle, table, found - table, path), "<i8")
            return cls(path, Encoding(quality), frames, side, places)

    @property
    def nbytes(self) -> int:
        """Bytes of the frames, decoded."""
        return self.frames * self.side**2 * 3

    def read(self, frames: Sequence[int], out: UInt8Array, rows: Sequence[int]) -> None:
        """Read frames into rows of an array.

        Args:
            frames: Frame numbers, each in ``[0, self.frames)``.
            out: ``(N, side, side, 3)`` uint8, contiguous.
            rows: The row of ``out`` for each frame.

        Raises:
            DataError: The file is gone or was cut short since it was opened.
        """
        size = self.side**2 * 3
        try:
            with _opened(self.path) as handle:
                for frame, row in zip(frames, rows, strict=True):
                    if self.places is None:
                        _fill(handle, out[row].data.cast("B"), _HEADER + frame * size, self.path)
                    else:
                        start, stop = int(self.places[frame]), int(self.places[frame + 1])
                        self.encoding.decode(_exactly(handle, stop - start, start, self.path), out[row])
        except (OSError, ValueError) as error:
            raise _damaged(self.path, getattr(error, "strerror", None) or str(error)) from error


def write_clip(
    path: Path, frames: UInt8Array, encoding: Encoding, reserve: Callable[[int], None] = lambda _: None
) -> int:
    """Write a clip; the file is whole or absent.

    Nothing waits for the disk: a file that a power failure has damaged is found by its digest.

    Args:
        path: The file; one process at a time may write it.
        frames: ``(T, side, side, 3)`` uint8 RGB.
        encoding: How they are kept.
        reserve: Called with the bytes that the file takes, before it is written.

    Returns:
        The bytes that it takes.

    Raises:
        OSError: The disk is full or cannot be written to.
    """
    parts: list[bytes | memoryview]
    if encoding.quality is None:
        parts = [np.ascontiguousarray(frames).data.cast("B")]
    else:
        encoded = [encoding.encode(frame) for frame in frames]
        places = _HEADER + np.cumsum([0, *map(len, encoded)])
        parts = [*encoded, places.astype("<i8").tobytes()]
    count, side = frames.shape[:2]
    digest = _of_fields(encoding.quality or 0, count, side)
    for part in parts:
        digest = zlib.crc32(part, digest)
    length = sum(map(len, parts))
    reserve(_HEADER + length)
    header = _FIELDS.pack(_MAGIC, encoding.quality or 0, count, side, digest, length)
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            file.writelines([header.ljust(_HEADER, b"\0"), *parts])
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return _HEADER + length


def _digest(handle: int, quality: int, frames: int, side: int) -> int:
    crc = _of_fields(quality, frames, side)
    while chunk := os.read(handle, _CHUNK):
        crc = zlib.crc32(chunk, crc)
    return crc


def _of_fields(*fields: int) -> int:
    return zlib.crc32(struct.pack("<III", *fields))


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, _FLAGS)
    try:
        yield handle
    finally:
        os.close(handle)


def _exactly(handle: int, length: int, start: int, path: Path) -> bytearray:
    data = bytearray(length)
    _fill(handle, memoryview(data), start, path)
    return data


if hasattr(os, "preadv"):

    def _read_into(handle: int, out: memoryview, start: int) -> int:
        return os.preadv(handle, [out], start)
else:

    def _read_into(handle: int, out: memoryview, start: int) -> int:
        os.lseek(handle, start, os.SEEK_SET)
        data = os.read(handle, len(out))
        out[: len(data)] = data
        return len(data)


def _fill(handle: int, out: memoryview, start: int, path: Path) -> None:
    while len(out):
        count = _read_into(handle, out, start)
        if count == 0:
            raise _damaged(path, "cut short")
        out, start = out[count:], start + count


def _damaged(path: Path, found: str) -> DataError:
    return DataError(
        "A file of decoded frames is damaged.",
        where=path,
        expected="the frames that were written",
        found=found,
        remedy="Run again; damaged or missing frames will be decoded again.",
    )
