"""The family ``local``: datasets that a person adds as a table and a folder of media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.core.dataset import Added, Audit, Dataset
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.own import OwnTable
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import FloatArray, Media, Sample, UInt8Array
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.media.layouts import convert
from aqa_bench.media.pose.front import front_view

from .index import OwnClip, OwnIndex, load_index
from .poses import PoseReader
from .splits import make_splits

__all__ = ["FAMILY", "OwnDataset", "OwnFamily", "OwnMedia"]


@dataclass(frozen=True, slots=True)
class OwnMedia(Media):
    """One clip, read from where it lies.

    Attributes:
        clip: Its file.
        index: How it is read.
        reader: Reads poses, and keeps some of them.
    """

    clip: OwnClip
    index: OwnIndex
    reader: PoseReader

    @property
    def provides(self) -> frozenset[Modality]:  # type: ignore[override]
        """What the dataset's card says."""
        return self.index.card.provides

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.clip.frames

    @property
    def content_key(self) -> str:
        """Hash of the file's content and of how it is read."""
        return self.index.content_key(self.clip)

    @property
    def fps(self) -> float | None:
        """Frames a second, where the file tells them."""
        return self.clip.fps

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames of a video as ``(T, H, W, 3)`` RGB.

        Raises:
            DataError: It is gone or damaged, or the dataset is none of videos.
        """
        if self.index.reading.kind != "video":
            raise self._absent(Modality.FRAMES)
        from aqa_bench.media.video import decode

        return decode(self.clip.path, range(self.length) if indices is None else indices, size)

    def image(self, size: int | None = None) -> UInt8Array:
        """The image as ``(H, W, 3)`` RGB.

        Raises:
            DataError: It is gone or damaged, or the dataset is none of images.
        """
        if self.index.reading.kind != "image":
            raise self._absent(Modality.IMAGE)
        from aqa_bench.media.images import read_image

        return read_image(self.clip.path, size)

    def keypoints(self, layout: str) -> FloatArray:
        """Keypoints as ``(T, V, 3)`` float32: x, y and confidence; joints in space as seen from the front.

        Args:
            layout: Joint order wanted; joints that the files do not have are missing: all zero.

        Raises:
            DataError: The file is gone or has changed, or the dataset is none of poses.
        """
        reading = self.index.reading
        if reading.layout is None:
            raise self._absent(Modality.KEYPOINTS)
        values = self.reader.read(self.clip)
        if reading.kind == "joints":
            values = front_view(values, reading.layout)
        return convert(values, reading.layout, layout, allow_missing=True)

    def joints_3d(self, layout: str) -> FloatArray:
        """Joints in space as ``(T, V, 4)`` float32, in the unit of the files.

        Args:
            layout: As for :meth:`keypoints`.

        Raises:
            DataError: As for :meth:`keypoints`.
        """
        reading = self.index.reading
        if reading.layout is None or reading.kind != "joints":
            raise self._absent(Modality.JOINTS_3D)
        return convert(self.reader.read(self.clip), reading.layout, layout, allow_missing=True)


class OwnDataset(Dataset):
    """A dataset that a person added.

    Args:
        index: What is kept of it.
    """

    def __init__(self, index: OwnIndex) -> None:
        self.card = index.card
        self.index = index
        reader = PoseReader(index.reading)
        self._samples = {
            name: Sample(name, clip.group, OwnMedia(clip, index, reader))
            for name, clip in index.clips.items()
        }

    def fingerprint(self) -> str:
        """Hex SHA-256 of every clip's content, how it is read, its group, part and labels."""
        return self.index.fingerprint()

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Every clip by id."""
        return dict(self._samples)

    def targets(self, task: str) -> Mapping[str, float]:
        """Target of every clip."""
        return {name: clip.labels[task] for name, clip in self.index.clips.items()}

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The splits of a scheme of the card."""
        return make_splits(scheme, self.card.id, self.card.task(task), self.index.clips)

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """Clips of groups that have none in ``held_out``, ordered by content."""
        banned = {self._samples[name].group for name in held_out if name in self._samples}
        pool = (sample for sample in self._samples.values() if sample.group not in banned)
        return sorted(pool, key=lambda sample: (sample.media.content_key, sample.id))

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Make sure that every file is there with the size that it had.

        Raises:
            DataError: Some are not.
        """
        from .audit import gone

        lost = [f"{clip.path}" for clip in self.index.clips.values() if gone(clip)]
        if lost:
            raise DataError(
                f"Files of {self.card.id} are missing or have changed since it was added.",
                where=lost[0],
                expected=f"the {len(self.index.clips)} files that were added",
                found=f"{len(lost)} missing or of a different size",
                remedy="Restore them, or add the dataset again with --replace.",
            )

    def audit(self, progress: Progress | None = None) -> Audit:
        """Read every file again, and say what the labels, groups and splits allow."""
        from .audit import audit_own

        return audit_own(self, self.index, progress or NullProgress())


class OwnFamily:
    """Opens and adds own datasets."""

    def open(self, dataset: str, home: Path) -> Dataset:
        """Open a dataset from what is kept of it.

        Raises:
            DataError: It is damaged, or has not been added.
        """
        return OwnDataset(load_index(dataset, home))

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Nothing: datasets are added.

        Raises:
            UsageError: Always; it says how.
        """
        raise UsageError(
            "Local datasets are added, not prepared.",
            where=dataset or "local",
            expected="aqa-bench dataset add NAME --table CSV --media DIR",
            found="aqa-bench dataset prepare",
            remedy="See docs/own-data.md. To check an added dataset, run aqa-bench dataset verify.",
        )

    def add(self, request: OwnTable, home: Path, progress: Progress) -> Added:
        """Check a table and its media, and keep them: see :class:`aqa_bench.core.dataset.Adds`."""
        from .add import add_table

        return add_table(request, home, progress)


FAMILY = OwnFamily()
