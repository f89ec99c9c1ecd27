"""The dataset ``waseda-squat`` and the family behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from aqa_bench.core.dataset import Audit, Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality

from .audit import audit_clips
from .cards import CARD
from .index import Index, load_index
from .media import SquatClip, provided
from .prepare import index_sources
from .release import ERRORS, GOOD, ClipName
from .splits import OFFICIAL, day_parts, day_split, official_split

__all__ = ["FAMILY", "WasedaSquat", "WasedaSquatFamily"]


class WasedaSquat(Dataset):
    """Each error class against good squats.

    Some copies have more poses than videos. A method's samples are the clips that have what it needs
    (:meth:`materialise`); splits name all clips, so that what is missing counts as not covered.

    Args:
        card: Its card.
        index: What is available.
    """

    def __init__(self, card: DatasetCard, index: Index) -> None:
        self.card = card
        self._index = index
        names = [*index.clips, *(i for ids in (index.official or {}).values() for i in ids)]
        self._names = [ClipName(*name.split("/")) for name in dict.fromkeys(names)]
        self._needs: frozenset[Modality] = frozenset()

    def fingerprint(self) -> str:
        """Hex SHA-256 of every clip's id, which says its label, and the content of its files."""
        content = [
            [name, [file.sha256 for file in clip.files]] for name, clip in sorted(self._index.clips.items())
        ]
        return sha256_bytes(canonical_json(content).encode())

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Clips of the task's two classes that have what is needed; a group is a recording day."""
        return {name.id: self._sample(name) for name in self._of(task) if self._is_usable(name)}

    def targets(self, task: str) -> Mapping[str, float]:
        """1 = filed under the task's error, 0 = under good."""
        return {name.id: float(name.folder != GOOD) for name in self._of(task)}

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The split of a task.

        Raises:
            DataError: The scheme is ``official`` and there are no split files, or there are too few
                recording days.
        """
        if scheme == OFFICIAL:
            return (official_split(self._index.official, task, self.card.id),)
        return (day_split(self._indexed, self._parts, task, self.card.id),)

    def expected(self, task: str) -> int:
        """Number of clips of the task of which there is a file, readable or not, or a split entry."""
        return len(self._of(task))

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """Clips of all classes, recorded on days without a val or test clip.

        Where the held-out ones are those of the official split, which shares days between its parts,
        the pool is every clip that is neither val nor test there. Its order depends on content alone.
        """
        official = self._index.official or {}
        reserved = {i for part in ("val", "test") for i in official.get(part, ())}
        if official and held_out == {i for i in reserved if i in self.targets(task)}:
            free = [name for name in self._indexed if name.id not in reserved]
        else:
            days = {ClipName(*i.split("/")).day for i in held_out}
            free = [name for name in self._indexed if name.day not in days]
        pool = [self._sample(name) for name in free if self._is_usable(name)]
        return sorted(pool, key=lambda sample: sample.media.content_key)

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Restrict the samples to the clips that have what a method needs.

        Args:
            needs: Modalities that the method will read; none means poses, or videos where no clip has
                a pose.
            progress: Not used.
            pool: Modalities that it will read of unlabelled clips.

        Raises:
            DataError: No clip has it.
        """
        any_pose = any(clip.pose for clip in self._index.clips.values())
        self._needs = needs | pool or frozenset({Modality.DISTANCES if any_pose else Modality.FRAMES})
        if not any(self._is_usable(name) for name in self._indexed):
            raise DataError(
                "No available clip of the Waseda squats provides what the method needs.",
                where=", ".join(map(str, self._index.sources)),
                expected=", ".join(sorted(needs)),
                found=", ".join(sorted({m for clip in self._index.clips.values() for m in provided(clip)})),
                remedy="Prepare both Pose_Dataset and Video_Dataset: "
                "aqa-bench dataset prepare waseda-squat --source POSES --source VIDEOS",
            )

    def audit(self, progress: Progress | None = None) -> Audit:
        """Read everything again and compare it with the index and with what is known of the release."""
        return audit_clips(self, self._index, progress or NullProgress())

    @cached_property
    def _indexed(self) -> list[ClipName]:
        return [name for name in self._names if name.id in self._index.clips]

    @cached_property
    def _parts(self) -> Mapping[str, str]:
        return day_parts(self._indexed, self.card.id)

    def _of(self, task: str) -> list[ClipName]:
        return [name for name in self._names if name.folder in (GOOD, ERRORS[task])]

    def _is_usable(self, name: ClipName) -> bool:
        clip = self._index.clips.get(name.id)
        return clip is not None and bool(clip.files) and self._needs <= provided(clip)

    def _sample(self, name: ClipName) -> Sample:
        return Sample(name.id, name.day, SquatClip(self._index.clips[name.id]))


class WasedaSquatFamily:
    """Opens and prepares the dataset."""

    def open(self, dataset: str, home: Path) -> Dataset:
        """Open the dataset from the index in ``home``.

        Raises:
            DataError: It has not been prepared, or its files have vanished or changed.
        """
        return WasedaSquat(CARD, load_index(dataset, home))

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Index the files of ``sources``, by default those of the last time.

        Raises:
            DataError: As :func:`.prepare.index_sources`. What can be used is kept.
        """
        if options:
            raise DataError(
                "Preparing the Waseda squats takes no options.",
                found=", ".join(sorted(options)),
                remedy="Remove them; pass folders with --source.",
            )
        return index_sources(sources, home, progress)


FAMILY = WasedaSquatFamily()
