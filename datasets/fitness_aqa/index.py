"""The index of a release: where every file lies, what it holds, and the labels and splits as parsed."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from aqa_bench.core.bounded import gunzip, parse_json, read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, write_atomic
from aqa_bench.media.source import MediaFile

from .inspection import Inspection
from .labels import Intervals
from .layout import Kind
from .problems import Problem

__all__ = ["MEDIA_KINDS", "Entry", "Index", "read_index", "write_index"]

INDEX_VERSION = 1
_MOST_BYTES = 1 << 27
MEDIA_KINDS = (Kind.CLIP, Kind.POOL, Kind.IMAGE, Kind.TRAJECTORY)

_Row: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One media file or trajectory of the release.

    Attributes:
        media: Where it lies.
        size: Bytes.
        stamp: Modification time in ns of the file or of its archive, when it was inspected.
        holds: What it holds.
    """

    media: MediaFile
    size: int
    stamp: int
    holds: Inspection

    @property
    def usable(self) -> bool:
        """Whether it could be read."""
        return not self.holds.fault


@dataclass(frozen=True, slots=True)
class Index:
    """Everything known of one exercise of a release. Refers to media, never holds any.

    Attributes:
        exercise: Exercise id.
        sources: Folders and archives it was built from.
        files: Entry by id, for each kind of media; unreadable ones are kept with their fault.
        labels: Whether the error is present, by task and id. May name more ids than the splits.
        intervals: Usable intervals in seconds, by task and clip id.
        splits: Ids of train, val and test, by task, as the release has them.
        traj_nan: Clips whose trajectory the release declares unusable.
        problems: What was wrong.
    """

    exercise: str
    sources: tuple[str, ...] = ()
    files: Mapping[Kind, Mapping[str, Entry]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    intervals: Mapping[str, Mapping[str, Intervals]] = field(default_factory=dict)
    splits: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    traj_nan: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def entries(self, kind: Kind) -> Mapping[str, Entry]:
        """Entries of a kind by id."""
        return self.files.get(kind, {})

    def usable(self, kind: Kind) -> dict[str, Entry]:
        """Entries of a kind that could be read, by id."""
        return {key: entry for key, entry in self.entries(kind).items() if entry.usable}


def write_index(index: Index, path: Path) -> Path:
    """Write an index in one step, gzipped JSON.

    Raises:
        AqaBenchError: The folder cannot be written to.
    """
    containers: dict[tuple[str, bool], int] = {}
    document = {
        "version": INDEX_VERSION,
        "exercise": index.exercise,
        "sources": index.sources,
        "files": {
            kind.value: {key: _row(entry, containers) for key, entry in entries.items()}
            for kind, entries in index.files.items()
        },
        "labels": index.labels,
        "intervals": index.intervals,
        "splits": index.splits,
        "traj_nan": index.traj_nan,
        "problems": [asdict(problem) for problem in index.problems],
    }
    document["containers"] = list(containers)
    return write_atomic(path, gzip.compress(canonical_json(document).encode(), compresslevel=6, mtime=0))


def read_index(path: Path) -> Index:
    """Read an index.

    Raises:
        DataError: It is damaged, or another version wrote it.
        FileNotFoundError: There is none.
    """
    try:
        document = parse_json(gunzip(read_bounded(path, _MOST_BYTES), _MOST_BYTES))
        if document["version"] != INDEX_VERSION:
            raise _damaged(path, f"version {document['version']}")
        containers = [(Path(container), archive) for container, archive in document["containers"]]
        return Index(
            exercise=document["exercise"],
            sources=tuple(document["sources"]),
            files={
                Kind(kind): {key: _entry(row, containers) for key, row in rows.items()}
                for kind, rows in document["files"].items()
            },
            labels=document["labels"],
            intervals={
                task: {clip: tuple((start, end) for start, end in pairs) for clip, pairs in clips.items()}
                for task, clips in document["intervals"].items()
            },
            splits={
                task: {part: tuple(ids) for part, ids in parts.items()}
                for task, parts in document["splits"].items()
            },
            traj_nan=tuple(document["traj_nan"]),
            problems=tuple(Problem(**problem) for problem in document["problems"]),
        )
    except FileNotFoundError:
        raise
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def _row(entry: Entry, containers: dict[tuple[str, bool], int]) -> _Row:
    media, holds = entry.media, entry.holds
    container = (str(media.path.parent), False) if media.member is None else (str(media.path), True)
    number = containers.setdefault(container, len(containers))
    name = media.path.name if media.member is None else media.member
    facts = [holds.sha256, holds.length, holds.fps, holds.width, holds.height, holds.covered, holds.fault]
    return [number, name, entry.size, entry.stamp, *facts]


def _entry(row: _Row, containers: list[tuple[Path, bool]]) -> Entry:
    number, name, size, stamp, *facts = row
    container, archive = containers[number]
    media = MediaFile(container, name) if archive else MediaFile(container / name)
    return Entry(media, size, stamp, Inspection(*facts))


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(
        "The dataset's index cannot be used.",
        where=path,
        expected=f"an index with version {INDEX_VERSION}",
        found=reason,
        remedy="Run aqa-bench dataset prepare again with the same --source.",
    )
