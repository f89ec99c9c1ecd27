"""What is already decoded, so that a killed build goes on where it stopped."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from aqa_bench.core.files import canonical_json, write_atomic

__all__ = ["Entry", "append", "checksum", "read_journal", "write_journal"]

_CHUNK = 16 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """Outcome of one clip.

    Attributes:
        clip: Its id.
        frames: Number of frames written.
        crc: CRC-32 of the bytes written.
        reason: Why it is skipped; empty where it is not.
    """

    clip: str
    frames: int = 0
    crc: int = 0
    reason: str = ""


def append(path: Path, entry: Entry) -> None:
    """Add one entry to the journal."""
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(entry))


def write_journal(path: Path, entries: Iterable[Entry]) -> None:
    """Replace the journal, so that no half-written line is left to append to."""
    write_atomic(path, "".join(map(_line, entries)))


def read_journal(path: Path) -> Iterator[Entry]:
    """Entries of a journal; a line that was cut off by a crash is left out."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError):
            continue


def checksum(path: Path, start: int, length: int) -> int:
    """CRC-32 of ``length`` bytes of a file from ``start`` on."""
    crc = 0
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (chunk := file.read(min(length, _CHUNK))):
            crc = zlib.crc32(chunk, crc)
            length -= len(chunk)
    return crc


def _line(entry: Entry) -> str:
    return canonical_json(asdict(entry)) + "\n"
