"""A dataset whose samples' poses come from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import FloatArray, Media, Sample, Trajectory, UInt8Array
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.media.layouts import convert
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.protocol.dataset_view import DatasetView
from aqa_bench.protocol.keypoints.files import locate
from aqa_bench.protocol.keypoints.folder import KeypointFolder

__all__ = ["KeypointDataset", "with_keypoints"]

_SHOWN = 3
_GIVES = {
    PoseKind.KEYPOINTS: Modality.KEYPOINTS,
    PoseKind.JOINTS: Modality.JOINTS_3D,
    PoseKind.DISTANCES: Modality.DISTANCES,
}


def with_keypoints(card: DatasetCard, folder: KeypointFolder) -> DatasetCard:
    """A dataset's card that says that its samples have what a folder holds.

    Raises:
        DataError: The folder's manifest names another dataset.
    """
    if folder.manifest.dataset not in (None, card.id):
        raise DataError(
            "The keypoints belong to another dataset.",
            where=folder.path,
            expected=card.id,
            found=folder.manifest.dataset,
            remedy="Pass the keypoints of this dataset, or choose the other dataset with --dataset.",
        )
    given = {_GIVES[folder.manifest.kind]}
    return card.model_copy(update={"provides": card.provides | given, "exact": card.exact - given})


@dataclass(frozen=True, slots=True)
class _PosedMedia(Media):
    """One sample's media with its pose from files, read when asked for."""

    media: Media
    folder: KeypointFolder
    names: tuple[str, ...]

    @property
    def provides(self) -> frozenset[Modality]:  # type: ignore[override]
        return self.media.provides | {self._gives}

    @property
    def length(self) -> int:
        return self.media.length

    @property
    def fps(self) -> float | None:
        return self.media.fps

    @property
    def attributes(self) -> Mapping[str, float | str]:
        return self.media.attributes

    @property
    def content_key(self) -> str:
        return sha256_bytes(f"{self.media.content_key}\x1f{self.folder.key(self.names)}".encode())

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        return self.media.frames(indices, size)

    def image(self, size: int | None = None) -> UInt8Array:
        return self.media.image(size)

    def keypoints(self, layout: str) -> FloatArray:
        found = self._read(Modality.KEYPOINTS, layout)
        return self.media.keypoints(layout) if found is None else found

    def joints_3d(self, layout: str) -> FloatArray:
        found = self._read(Modality.JOINTS_3D, layout)
        return self.media.joints_3d(layout) if found is None else found

    def distances(self) -> FloatArray:
        found = self._read(Modality.DISTANCES)
        return self.media.distances() if found is None else found

    def trajectory(self) -> Trajectory:
        return self.media.trajectory()

    def bar_boxes(self) -> FloatArray:
        return self.media.bar_boxes()

    @property
    def _gives(self) -> Modality:
        return _GIVES[self.folder.manifest.kind]

    def _read(self, modality: Modality, layout: str | None = None) -> FloatArray | None:
        if modality is not self._gives:
            return None
        reading = self.folder.read(self.names, self.media.length)
        if layout is None or reading.layout is None:
            return reading.values.copy()
        return convert(reading.values, reading.layout, layout)


class KeypointDataset(DatasetView):
    """A dataset with poses from files; labels, splits and other media are its own.

    Samples without files keep what they have.

    Args:
        dataset: The dataset.
        folder: The poses.

    Raises:
        DataError: The poses are of another dataset or of none of the samples, or a sample has several.
    """

    def __init__(self, dataset: Dataset, folder: KeypointFolder) -> None:
        super().__init__(dataset, with_keypoints(dataset.card, folder))
        self._folder = folder
        self._asked: set[str] = set()
        if not self.located:
            names = next(iter(self._own().values()), {})
            raise DataError(
                "No keypoint file is named after a sample.",
                where=folder.path,
                expected=f"files or folders named after ids of {dataset.card.id}, e.g. "
                f"{', '.join(list(names)[:_SHOWN]) or 'none available'}",
                found=", ".join(folder.files[:_SHOWN]),
                remedy="Rename them, or pass the folder that contains them (docs/keypoints.md).",
            )

    @cached_property
    def located(self) -> dict[str, tuple[str, ...]]:
        """Files by sample id, of all tasks."""
        ids = {name for samples in self._own().values() for name in samples}
        return locate(self._folder.files, ids, where=self._folder.path)

    def samples(self, task: str) -> Mapping[str, Sample]:
        """The dataset's samples, with poses from files where there are any."""
        own = self._dataset.samples(task)
        return {name: self._posed(sample, self.located.get(name)) for name, sample in own.items()}

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """The dataset's pool, with poses from files where there are any."""
        pool = self._dataset.unlabeled(task, held_out)
        found = locate(self._folder.files, {sample.id for sample in pool}, where=self._folder.path)
        return [self._posed(sample, found.get(sample.id)) for sample in pool]

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Read the poses of all samples that :meth:`check_coverage` was asked of, before anything is fitted.

        Raises:
            DataError: One is damaged, or as :meth:`KeypointFolder.read`.
        """
        given = _GIVES[self._folder.manifest.kind]
        self._dataset.materialise(needs - {given}, progress, pool - {given})
        lengths = {
            name: sample.media.length for samples in self._own().values() for name, sample in samples.items()
        }
        # The dataset may show fewer samples once it knows what is needed.
        asked = sorted(self._asked & lengths.keys())
        progress.start("checking keypoints", len(asked))
        try:
            for name in asked:
                self._folder.read(self.located[name], lengths[name])
                progress.advance()
        finally:
            progress.close()

    def check_coverage(self, task: str, splits: Sequence[Split]) -> None:
        """Make sure that every sample available that a split names has a pose.

        Raises:
            DataError: Some have none.
        """
        named = {i for split in splits for part in (split.train, split.val, split.test) for i in part}
        wanted = sorted(named & self._dataset.samples(task).keys())
        self._asked.update(wanted)
        absent = [name for name in wanted if name not in self.located]
        if absent:
            raise DataError(
                "Some samples of the task have no keypoints.",
                where=f"{self.card.id} {task}, {self._folder.path}",
                expected=f"keypoints for all {len(wanted)} samples",
                found=f"{len(absent)} without, e.g. {', '.join(absent[:_SHOWN])}",
                remedy="Add them (files without people are fine), or run with --task on tasks that the "
                "keypoints cover. aqa-bench dataset verify --keypoints lists what is missing.",
            )

    def _own(self) -> dict[str, Mapping[str, Sample]]:
        return {task.id: self._dataset.samples(task.id) for task in self._dataset.card.tasks}

    def _posed(self, sample: Sample, names: tuple[str, ...] | None) -> Sample:
        if names is None:
            return sample
        return Sample(sample.id, sample.group, _PosedMedia(sample.media, self._folder, names))
