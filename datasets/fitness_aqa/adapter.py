"""The release as a :class:`~aqa_bench.core.dataset.Dataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from aqa_bench.core.dataset import Audit, Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import Sample
from aqa_bench.core.schemes import LOW_DATA_PERCENT, low_data
from aqa_bench.core.split import Split

from .annotations import PARTS
from .audit import audit_release
from .index import Entry, Index
from .labels import Intervals
from .layout import EXERCISES, Kind
from .media import ClipMedia, ImageMedia
from .pool import Pool, group_of, select_pool, track_fits
from .published import Published

__all__ = ["FitnessAQA"]


class FitnessAQA(Dataset):
    """One exercise of the release, read in place through its index.

    Only ids that a split file names, that have a label and whose media could be read are samples.

    Args:
        card: Its card.
        index: Its index.
        published: Published sizes to audit against, None where there are none.
    """

    def __init__(self, card: DatasetCard, index: Index, published: Published | None = None) -> None:
        self.card = card
        self.index = index
        self.published = published
        self._samples: dict[str, dict[str, Sample]] = {}

    def fingerprint(self) -> str:
        """Hex SHA-256 over splits, labels and bytes of the samples, and the pool's clips and trajectories.

        It depends on content alone: not on where files lie, how they are packed, or on extra files.
        """
        return self._fingerprint

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Every sample of a task by id: train, val, then test, in the order of the split files."""
        if task not in self._samples:
            kind = EXERCISES[self.index.exercise].task(task).media
            entries, labels = self.index.entries(kind), self.index.labels.get(task, {})
            self._samples[task] = {
                key: self._clip(key, entries[key]) if kind is Kind.CLIP else self._image(key, entries[key])
                for part in PARTS
                for key in self.index.splits.get(task, {}).get(part, ())
                if key in labels and key in entries and entries[key].usable
            }
        return self._samples[task]

    def targets(self, task: str) -> Mapping[str, float]:
        """Target of every sample of a task: 1 = error, 0 = none."""
        labels = self.index.labels.get(task, {})
        return {key: float(labels[key]) for key in self.samples(task)}

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The release's split, without ids whose media are not available; see :meth:`expected`.

        Raises:
            DataError: A low-data track is asked for and too few training samples are available.
        """
        samples = self.samples(task)
        parts = {
            part: tuple(key for key in self.index.splits.get(task, {}).get(part, ()) if key in samples)
            for part in PARTS
        }
        if scheme == "deduplicated":
            later: set[str] = set()
            for part in reversed(PARTS):
                content = {key: samples[key].media.content_key for key in parts[part]}
                parts[part] = tuple(key for key in parts[part] if content[key] not in later)
                later.update(content.values())
        split = Split(repeat=0, fold=0, train=parts["train"], val=parts["val"], test=parts["test"])
        if scheme in LOW_DATA_PERCENT:
            return low_data(self.card.id, split, self.targets(task), LOW_DATA_PERCENT[scheme])
        return (split,)

    def expected(self, task: str) -> int:
        """Number of ids that the task's split files name."""
        return sum(len(ids) for ids in self.index.splits.get(task, {}).values())

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """Clips with a bar trajectory for self-supervision.

        Args:
            task: The task that will be judged; the pool serves every task of the exercise.
            held_out: Ids of its val and test samples.

        Returns:
            Clips of the unlabelled set that are no val or test clip of any task, nor cut from the
            source video of one, nor byte-identical to one.
        """
        clips = self.index.entries(Kind.POOL)
        return tuple(
            Sample(key, group_of(key), self._clip_media(key, clips[key])) for key in self.pool(held_out).ids
        )

    def pool(self, held_out: frozenset[str] = frozenset()) -> Pool:
        """Ids of the unlabelled pool and what each rule cost."""
        return select_pool(self.index, held_out)

    def intervals(self, task: str) -> Mapping[str, Intervals]:
        """When the error shows, as (start, end) in seconds, by clip. Never given to methods."""
        intervals = self.index.intervals.get(task, {})
        return {key: intervals.get(key, ()) for key in self.samples(task)} if intervals else {}

    def audit(self, progress: Progress | None = None) -> Audit:
        """Read every file again and compare what is on disk with the index and with what was published."""
        return audit_release(self, self.index, self.published, progress)

    @cached_property
    def _fingerprint(self) -> str:
        tasks = {
            task.id: {
                "media": {key: sample.media.content_key for key, sample in self.samples(task.id).items()},
                "labels": self.targets(task.id),
                "splits": self.index.splits.get(task.id, {}),
            }
            for task in self.card.tasks
        }
        clips, tracks = self.index.entries(Kind.POOL), self.index.entries(Kind.TRAJECTORY)
        pool = {key: [clips[key].holds.sha256, tracks[key].holds.sha256] for key in self.pool().ids}
        return sha256_bytes(canonical_json({"tasks": tasks, "pool": pool}).encode())

    def _clip(self, key: str, entry: Entry) -> Sample:
        return Sample(key, group_of(key), self._clip_media(key, entry))

    def _clip_media(self, key: str, entry: Entry) -> ClipMedia:
        track = self.index.entries(Kind.TRAJECTORY).get(key)
        usable = track is not None and track_fits(track, entry) and key not in self.index.traj_nan
        return ClipMedia(self.index.exercise, entry, track.media if usable and track is not None else None)

    def _image(self, key: str, entry: Entry) -> Sample:
        return Sample(key, group_of(key), ImageMedia(entry))
