"""What is kept of an own dataset: its card, its labels, and where its media lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.own import own_file, read_own, write_own
from aqa_bench.media.pose.people import People

__all__ = ["Kind", "OwnClip", "OwnIndex", "Reading", "load_index", "save_index"]

Kind = Literal["video", "image", "keypoints", "joints"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reading(_Strict):
    """How the files of all clips are read.

    Attributes:
        kind: What they are.
        layout: Joint order; None for videos and images.
        joints: Names in the files by joint of the layout; None where they are the layout's own.
        people: Who is taken of several people.
        dimensions: 2 or 3, where a person had to say it.
    """

    kind: Kind
    layout: str | None = None
    joints: dict[str, tuple[str, ...]] | None = None
    people: People | None = None
    dimensions: Literal[2, 3] | None = None

    @property
    def is_pose(self) -> bool:
        """Whether the files hold joints."""
        return self.kind in ("keypoints", "joints")


class OwnClip(_Strict):
    """One row of the table.

    Attributes:
        path: Absolute path of its file, or of its folder of OpenPose's files.
        size: Bytes; of all files of a folder.
        sha256: Hex digest of the content; of a folder, of its files' names and digests.
        frames: Number of frames.
        fps: Frames a second, where the file tells them.
        group: What must not straddle splits.
        part: ``train``, ``val`` or ``test``; None where the table does not split.
        labels: Target by task id.
    """

    path: Path
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    frames: int = Field(ge=1)
    fps: float | None = None
    group: str
    part: Literal["train", "val", "test"] | None = None
    labels: dict[str, float]


class OwnIndex(_Strict):
    """Everything that is kept.

    Attributes:
        card: The dataset's card.
        reading: How its files are read.
        grouped: Whether a column said what the groups are; otherwise each clip is one.
        clips: Its clips by sample id.
        notes: What a person should know of it, in sentences.
    """

    card: DatasetCard
    reading: Reading
    grouped: bool
    clips: dict[str, OwnClip]
    notes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Hex SHA-256 of every clip's content, how it is read, its group, part and labels."""
        rows = [
            [name, clip.sha256, clip.group, clip.part, clip.labels]
            for name, clip in sorted(self.clips.items())
        ]
        return sha256_bytes(canonical_json([self.reading.model_dump(mode="json"), rows]).encode())

    def content_key(self, clip: OwnClip) -> str:
        """Names what a method sees of a clip."""
        if not self.reading.is_pose:
            return clip.sha256
        return sha256_bytes(canonical_json([clip.sha256, self.reading.model_dump(mode="json")]).encode())


def save_index(index: OwnIndex, home: Path, name: str) -> Path:
    """Keep a dataset in one step."""
    return write_own(own_file(home, name), index.model_dump(mode="json"))


def load_index(dataset: str, home: Path) -> OwnIndex:
    """What is kept of a dataset id.

    Raises:
        Damaged: It is missing or damaged.
        DataError: Another version of aqa-bench wrote it.
    """
    file = own_file(home, dataset.rpartition("/")[2])
    try:
        return OwnIndex.model_validate(read_own(file))
    except ValueError as error:
        raise DataError(
            "This local dataset was stored by another version of aqa-bench.",
            where=file,
            expected="the format of this version of aqa-bench dataset add",
            found=str(error).partition("\n")[0],
            remedy="Add it again with --replace.",
        ) from error
