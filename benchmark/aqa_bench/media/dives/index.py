"""The index of a prepared release: dives, splits, and where their frames lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.dataset import not_prepared
from aqa_bench.core.files import write_atomic
from aqa_bench.core.index_file import read_index_file
from aqa_bench.media.dives.annotations import Dive
from aqa_bench.media.dives.media import Footage

__all__ = ["INDEX_FILE", "DiveIndex", "read_index", "write_index"]

INDEX_FILE = "index.json"


class DiveIndex(BaseModel):
    """Everything that was learned from the sources.

    Attributes:
        version: Format of this file.
        sources: Folders that were looked through.
        dives: Usable dives that the split files name, by id.
        train: Ids of the release's train part that are usable.
        test: Ids of its test part that are usable.
        named: Number of ids that the split files name.
        unnamed: Usable dives that no split file names.
        judged: Dives whose annotation holds the marks of seven judges. They are never read.
        footage: Where frames lie, by dive id.
        leave_out: Whether dives without frames are left out of every task.
        problems: What was found and could not be used, in sentences.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    sources: tuple[Path, ...]
    dives: dict[str, Dive]
    train: tuple[str, ...]
    test: tuple[str, ...]
    named: int
    unnamed: int = 0
    judged: int = 0
    footage: dict[str, Footage] = Field(default_factory=dict)
    leave_out: bool = False
    problems: tuple[str, ...] = ()


def write_index(index: DiveIndex, home: Path) -> Path:
    """Write the index into a data folder.

    Raises:
        AqaBenchError: The folder cannot be written to.
    """
    return write_atomic(home / INDEX_FILE, index.model_dump_json(indent=1) + "\n")


def read_index(dataset: str, home: Path) -> DiveIndex:
    """Read the index of a data folder.

    Raises:
        DataError: There is none, or it is damaged.
    """
    index = read_index_file(home / INDEX_FILE, DiveIndex, dataset)
    if index is None:
        raise not_prepared(dataset, home, "an index of the release's annotations")
    return index
