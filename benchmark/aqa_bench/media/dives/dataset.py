"""A release of dives as a :class:`~aqa_bench.core.dataset.Dataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from aqa_bench.core.dataset import Audit, Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.event_schemes import event_grouped, with_val
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.media.dives.annotations import Dive
from aqa_bench.media.dives.audit import audit_dives
from aqa_bench.media.dives.index import DiveIndex
from aqa_bench.media.dives.media import DiveMedia
from aqa_bench.media.dives.release import EVENT_GROUPED, SCORE_DD, Release

__all__ = ["DiveDataset"]


class DiveDataset(Dataset):
    """Dives with their scores; a group is an event.

    Every dive is a sample whether or not its frames are available, so that whatever needs annotations
    alone gives everyone the same numbers; methods that look at frames start only when all are there.

    Args:
        release: What the release is.
        index: What is available of it.
    """

    def __init__(self, release: Release, index: DiveIndex) -> None:
        self.card = release.card
        self.release = release
        self.index = index
        self._samples: dict[str, dict[str, Sample]] = {}

    def fingerprint(self) -> str:
        """Hex SHA-256 of annotations and splits, and of the ids left out for want of frames.

        Frames are not part of it: everyone's differ, since a video service hands out many renditions.
        """
        return self._fingerprint

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Every dive by id: train, then test, in the order of the split files."""
        if task not in self._samples:
            self._samples[task] = {
                name: self._sample(self.index.dives[name], told=self._told(task, name))
                for name in self._named()
                if name in self.index.footage or not self.index.leave_out
            }
        return self._samples[task]

    def targets(self, task: str) -> Mapping[str, float]:
        """The score of every dive."""
        return {name: self.index.dives[name].score for name in self._named()}

    def strata(self, task: str) -> Mapping[str, str]:
        """Difficulty of every dive."""
        return {name: f"{self.index.dives[name].difficulty:.1f}" for name in self._named()}

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The splits of a scheme, over every usable dive."""
        if scheme == EVENT_GROUPED:
            return event_grouped(self.card.id, {i: self.index.dives[i].event for i in self._named()})
        return (with_val(self.card.id, scheme, self.index.train, self.index.test),)

    def expected(self, task: str) -> int:
        """Number of dives that the split files name."""
        return self.index.named

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """The dives that are not held out, which are the training dives of either scheme.

        Their class and event are told in both tasks, since pretext tasks pair dives by them; difficulty
        only where the task tells it.
        """
        return tuple(
            self._sample(
                self.index.dives[name],
                told=self.index.dives[name].attributes(difficulty=task == SCORE_DD),
            )
            for name in self.samples(task)
            if name not in held_out
        )

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Refuse methods that look at frames while some are missing.

        Raises:
            DataError: Frames are needed and some dive has none.
        """
        samples = self.samples(self.card.tasks[0].id)
        found = sum(Modality.FRAMES in sample.media.provides for sample in samples.values())
        if Modality.FRAMES in needs | pool and (found < len(samples) or not samples):
            raise DataError(
                f"Frames of {self.card.id} are not available.",
                expected=f"frames of {len(samples):,} dives",
                found=f"frames of {found:,}",
                remedy=f"{self.release.remedy} If videos are no longer available, add --option "
                f"missing=leave-out; the other dives then form a separate dataset.",
            )

    def audit(self, progress: Progress | None = None) -> Audit:
        """Compare annotations and frames with what was published."""
        return audit_dives(self, self.release, self.index, progress or NullProgress())

    @cached_property
    def _fingerprint(self) -> str:
        left_out = sorted(set(self._named()) - self.samples(self.card.tasks[0].id).keys())
        content = {
            "dives": [self.index.dives[name].model_dump(mode="json") for name in self._named()],
            "train": self.index.train,
            "test": self.index.test,
            "left_out": left_out,
        }
        return sha256_bytes(canonical_json(content).encode())

    def _named(self) -> tuple[str, ...]:
        return (*self.index.train, *self.index.test)

    def _told(self, task: str, name: str) -> Mapping[str, float | str] | None:
        return self.index.dives[name].attributes() if task == SCORE_DD else None

    def _sample(self, dive: Dive, told: Mapping[str, float | str] | None) -> Sample:
        identity = sha256_bytes(canonical_json([self.card.id, dive.id, dive.end]).encode())
        footage = self.index.footage.get(dive.id)
        return Sample(dive.id, dive.event, DiveMedia(identity, footage, self.release.remedy, told))
