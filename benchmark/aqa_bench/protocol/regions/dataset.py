"""A dataset whose clips show a part of the lifter and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import UsageError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.protocol.dataset_view import DatasetView
from aqa_bench.protocol.regions.boxes import BoxOf, JointBoxes, found_boxes
from aqa_bench.protocol.regions.choice import Region
from aqa_bench.protocol.regions.cutting import Cutter
from aqa_bench.protocol.regions.finding import finder_name, finder_of

if TYPE_CHECKING:
    from aqa_bench.learn.lifter.finder import LifterFinder

__all__ = ["RegionDataset", "cut_out"]


class RegionDataset(DatasetView):
    """A dataset with the region cut out of every clip, labelled or not: a method sees nothing else.

    Still images are shown whole: those that the datasets have are of the lifter already.

    Args:
        dataset: The dataset.
        region: Where to look.

    Raises:
        UsageError: Nothing says where the dataset's lifters are.
    """

    def __init__(self, dataset: Dataset, region: Region) -> None:
        super().__init__(dataset, dataset.card)
        self.region = region
        self._lifters = dataset.lifters() if region.by == "fair" else None
        if self._lifters is None:
            _check_joints(dataset.card, region)

    @property
    def oracle(self) -> frozenset[Modality]:
        """Exact data that the region is cut out by."""
        return frozenset() if self._lifters else self.card.exact & {Modality.KEYPOINTS}

    def facts(self) -> dict[str, str]:
        """What a record says of the region."""
        finder = self._finder()
        weights = "" if finder is None else f", weights {finder.sha256[:16]}"
        return {"region": f"{self.region.part} by {self.boxes.name}{weights}"}

    def samples(self, task: str) -> Mapping[str, Sample]:
        """The dataset's samples, their clips cut."""
        return {name: self.cut(sample) for name, sample in self._dataset.samples(task).items()}

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """The dataset's pool, cut in the same way."""
        return [self.cut(sample) for sample in self._dataset.unlabeled(task, held_out)]

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """As the dataset does; then the finder is trained, unless it has been."""
        self._dataset.materialise(needs, progress, pool)
        self._finder(progress)

    @cached_property
    def boxes(self) -> BoxOf:
        """Says where the lifter is."""
        if self._lifters is None:
            return JointBoxes(self.card.id)
        return found_boxes(finder_name(self._lifters), cast("Callable[[], LifterFinder]", self._finder))

    @cached_property
    def cutter(self) -> Cutter:
        """Cuts the region out of a clip."""
        return Cutter(self.region, self.boxes)

    def finder(self) -> tuple[str, LifterFinder] | None:
        """The finder of the dataset's lifters with its name; None where joints say where they are."""
        finder = self._finder()
        return None if finder is None or self._lifters is None else (finder_name(self._lifters), finder)

    def _finder(self, progress: Progress | None = None) -> LifterFinder | None:
        return None if self._lifters is None else finder_of(self._lifters, progress or NullProgress())

    def cut(self, sample: Sample) -> Sample:
        """A sample of which the region is left; a still image as it is."""
        return self.cutter.cut(sample)

    def box(self, media: Media) -> npt.NDArray[np.int64]:
        """What is shown of a clip: ``(4,)`` whole pixels, left, top, right and bottom."""
        return self.cutter.box(media)


def cut_out(dataset: Dataset, region: Region | None) -> Dataset:
    """The dataset with the region cut out of its clips; the dataset itself where pictures are shown whole.

    Raises:
        UsageError: Nothing says where the dataset's lifters are.
    """
    return dataset if region is None else RegionDataset(dataset, region)


def _check_joints(card: DatasetCard, region: Region) -> None:
    known = Modality.KEYPOINTS in card.provides
    if not known or (region.by == "fair" and Modality.KEYPOINTS in card.exact):
        raise UsageError(
            f"Nothing that every method may read locates the lifter in {card.id}.",
            where=f"region = {region.part}",
            expected="a dataset with clips to train a lifter detector on, or estimated joints",
            found="exact joints, which would make the method an oracle" if known else "neither",
            remedy="Use whole pictures (--set region=frame), or pass estimated joints (--keypoints DIR)."
            + (" To use the exact ones: --set region_by=joints." if known else ""),
        )
