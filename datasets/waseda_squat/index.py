"""The index: which file on this machine is which clip. Media are never copied."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.dataset import not_prepared
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.index_file import read_index_file
from aqa_bench.media.source import MediaFile

__all__ = ["Index", "IndexedClip", "IndexedFile", "load_index", "read_index", "save_index"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IndexedFile(_Strict):
    """A file of a clip.

    Attributes:
        path: Absolute path of the file, or of the archive that holds it.
        member: Its name in the archive; None for a plain file.
        size: Bytes.
        sha256: Hex digest of the content.
        frames: Number of frames in it.
        fps: Frames a second of a video, where it says so.
    """

    path: Path
    member: str | None = None
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    frames: int = Field(ge=1)
    fps: float | None = None

    @property
    def file(self) -> MediaFile:
        """Where it lies."""
        return MediaFile(self.path, self.member)

    def is_current(self) -> bool:
        """Whether the file is still there with the size it had."""
        try:
            return self.file.size == self.size
        except DataError:
            return False


class IndexedClip(_Strict):
    """One clip: its usable files, and why others cannot be used.

    Attributes:
        pose: Distances of its joints.
        video: Its video.
        faults: Faults of its files, in words.
    """

    pose: IndexedFile | None = None
    video: IndexedFile | None = None
    faults: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[IndexedFile, ...]:
        """Its usable files."""
        return tuple(file for file in (self.pose, self.video) if file is not None)


class Index(_Strict):
    """Content of ``index.json``.

    Attributes:
        version: Version of this format.
        clips: Every clip of which there is a file, by sample id; by class, then day, then number.
        official: Clip ids of the official split files by part; None where there are none.
        strangers: Files that look like the release's and are not.
        sources: Folders and archives that were looked through.
    """

    version: Literal[1] = 1
    clips: dict[str, IndexedClip]
    official: dict[str, tuple[str, ...]] | None = None
    strangers: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()


def save_index(index: Index, home: Path) -> Path:
    """Write the index in one step."""
    return write_atomic(home / "index.json", pretty_json(index.model_dump(mode="json")))


def load_index(dataset: str, home: Path) -> Index:
    """The index, its files known to be there.

    Raises:
        DataError: There is none, it is damaged, or files have vanished or changed since it was written.
    """
    index = read_index(home)
    if index is None or not any(clip.files for clip in index.clips.values()):
        raise not_prepared(dataset, home, "an index of Pose_Dataset, Video_Dataset or both")
    stale = [str(f.file) for clip in index.clips.values() for f in clip.files if not f.is_current()]
    if stale:
        raise DataError(
            "Files of the Waseda squats are missing or have changed since they were prepared.",
            where=home / "index.json",
            expected="the files that were indexed",
            found=f"{len(stale)} missing or of a different size, e.g. {', '.join(stale[:3])}",
            remedy="Restore them, or index them at their new location: "
            "aqa-bench dataset prepare waseda-squat --source PATH",
        )
    return index


def read_index(home: Path) -> Index | None:
    """The index of a data folder, or None where there is none.

    Raises:
        DataError: It is damaged.
    """
    return read_index_file(home / "index.json", Index, "waseda-squat")
