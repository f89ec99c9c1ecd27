"""The index: which file on this machine is which clip. Media are never copied."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.dataset import not_prepared
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.index_file import read_index_file

from .release import EXERCISES, release

__all__ = ["Index", "IndexedClip", "load_index", "read_index", "save_index"]


class IndexedClip(BaseModel):
    """One clip on disk.

    Attributes:
        path: Absolute path of the file.
        size: Bytes.
        sha256: Hex digest of the content.
        frames: Number of frames.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    frames: int = Field(ge=1)

    def is_current(self) -> bool:
        """Whether the file is still there with the size it had."""
        try:
            return self.path.stat().st_size == self.size
        except OSError:
            return False


class Index(BaseModel):
    """Content of ``index.json``.

    Attributes:
        version: Version of this format.
        clips: Clips available by sample id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    clips: dict[str, IndexedClip]

    def of(self, dataset: str) -> dict[str, IndexedClip]:
        """The clips of a dataset id, in the release's order."""
        return {file.id: self.clips[file.id] for file in release().of(dataset) if file.id in self.clips}


def save_index(index: Index, home: Path) -> Path:
    """Write the index in one step."""
    return write_atomic(home / "index.json", pretty_json(index.model_dump(mode="json")))


def load_index(dataset: str, home: Path) -> dict[str, IndexedClip]:
    """The clips of a dataset id that are available.

    Raises:
        DataError: There is no index or none of that dataset's clips is in it; it is damaged; or
            files have vanished or changed since it was written.
    """
    index = read_index(home)
    clips = {} if index is None else index.of(dataset)
    if not clips:
        exercise = EXERCISES[dataset]
        raise not_prepared(dataset, home, f"{exercise.good + exercise.bad} files of {exercise.folder}")
    stale = [str(clip.path) for clip in clips.values() if not clip.is_current()]
    if stale:
        raise DataError(
            f"Files of {dataset} are missing or have changed since they were prepared.",
            where=home / "index.json",
            expected=f"the {len(clips)} files that were indexed",
            found=f"{len(stale)} missing or of a different size: {', '.join(stale)}",
            remedy="Restore them, or index them at their new location: "
            "aqa-bench dataset prepare pose-trainer --source PATH",
        )
    return clips


def read_index(home: Path) -> Index | None:
    """The index of a data folder, or None where there is none.

    Raises:
        DataError: It is damaged.
    """
    return read_index_file(home / "index.json", Index, "pose-trainer")
