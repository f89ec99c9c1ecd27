"""The family behind the ``pose-trainer/...`` datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aqa_bench.core.dataset import Audit, Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import FloatArray, Media, Sample
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.media.layouts import convert

from .audit import audit_clips
from .cards import CARDS
from .fetch import fetch
from .files import LAYOUT, read_clip
from .index import IndexedClip, load_index, read_index
from .prepare import index_sources
from .release import release
from .splits import make_splits

__all__ = ["FAMILY", "KeypointFile", "PoseTrainer", "PoseTrainerFamily"]


class KeypointFile(Media):
    """Keypoints of one clip, read from its file when asked for.

    Args:
        clip: Where the file is and what it held when it was indexed.
        exercise: Last part of the dataset id that the clip belongs to.
    """

    provides = frozenset({Modality.KEYPOINTS, Modality.ATTRIBUTES})

    def __init__(self, clip: IndexedClip, exercise: str) -> None:
        self._clip = clip
        self._exercise = exercise

    @property
    def length(self) -> int:
        """Number of frames."""
        return self._clip.frames

    @property
    def content_key(self) -> str:
        """SHA-256 of the file."""
        return self._clip.sha256

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """``exercise``: which of the four it is, e.g. ``bicep-curl``."""
        return {"exercise": self._exercise}

    def keypoints(self, layout: str = LAYOUT) -> FloatArray:
        """Keypoints as ``(T, V, 3)`` float32: x, y in pixels and confidence in [0, 1]; 0 where missing.

        Args:
            layout: Joint order wanted; joints that openpose-18 does not have are computed where it
                has their parts.

        Raises:
            DataError: The file has vanished or changed, or the layout has joints that cannot be computed.
        """
        clip = read_clip(self._clip.path)
        if clip.sha256 != self._clip.sha256:
            raise DataError(
                "A keypoint file has changed since it was prepared.",
                where=self._clip.path,
                expected=f"SHA-256 {self._clip.sha256}",
                found=f"SHA-256 {clip.sha256}",
                remedy="Restore the file, or run aqa-bench dataset prepare pose-trainer again.",
            )
        return convert(clip.keypoints, LAYOUT, layout)


class PoseTrainer(Dataset):
    """The clips of one exercise.

    Args:
        card: Its card.
        clips: Clips available, by sample id in the release's order.
        others: Clips available of the other exercises, by sample id.
    """

    def __init__(
        self,
        card: DatasetCard,
        clips: Mapping[str, IndexedClip],
        others: Mapping[str, IndexedClip] | None = None,
    ) -> None:
        self.card = card
        self._clips = clips
        self._others = others or {}
        files = release().of(card.id)
        self._targets = {file.id: file.target for file in files}
        self._recordings = {file.id: file.recording for file in files}

    def fingerprint(self) -> str:
        """Hex SHA-256 of every clip's id, content and label."""
        content = sorted((i, clip.sha256, int(self._targets[i])) for i, clip in self._clips.items())
        return sha256_bytes(canonical_json(content).encode())

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Clips available; a group is a recording, since nobody noted who performs."""
        exercise = _exercise(self.card.id)
        return {
            i: Sample(i, self._recordings[i], KeypointFile(clip, exercise)) for i, clip in self._clips.items()
        }

    def targets(self, task: str) -> Mapping[str, float]:
        """1 = bad form, 0 = good form, for every clip of the release."""
        return dict(self._targets)

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The splits of a scheme over every clip of the release."""
        return make_splits(scheme, self.card.id, self._targets, self._recordings)

    def expected(self, task: str) -> int:
        """Number of clips of the release."""
        return len(self._targets)

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """Clips of all exercises available, without the recordings of ``held_out``.

        Their order depends on their content alone: the release's order tells good from bad.
        """
        files = list(release().files.values())
        banned = {file.recording for file in files if file.id in held_out}
        at_hand = {**self._others, **self._clips}
        pool = [
            Sample(file.id, file.recording, KeypointFile(at_hand[file.id], _exercise(file.exercise.dataset)))
            for file in files
            if file.id in at_hand and file.recording not in banned
        ]
        return sorted(pool, key=lambda sample: sample.media.content_key)

    def audit(self, progress: Progress | None = None) -> Audit:
        """Measure the clips available and compare them with what was published."""
        return audit_clips(self, self._clips, progress or NullProgress())


class PoseTrainerFamily:
    """Opens and prepares the four exercises."""

    def open(self, dataset: str, home: Path) -> Dataset:
        """Open an exercise from the index in ``home``.

        Raises:
            DataError: It has not been prepared, or its files have vanished or changed.
        """
        card = next(card for card in CARDS if card.id == dataset)
        clips = load_index(dataset, home)
        index = read_index(home)
        indexed = {} if index is None else index.clips
        others = {i: clip for i, clip in indexed.items() if i not in clips and clip.is_current()}
        return PoseTrainer(card, clips, others)

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Index the files of ``sources``, or download the pinned release when none are given.

        Raises:
            DataError: Nothing usable was found, files are missing, damaged or renamed, or the
                download failed. What can be used is kept.
        """
        if options:
            raise DataError(
                "Preparing Pose Trainer takes no options.",
                found=", ".join(sorted(options)),
                remedy="Remove them; pass folders with --source.",
            )
        folders = list(sources) or [fetch(release(), home, progress)]
        return index_sources(dataset, folders, home, progress)


def _exercise(dataset: str) -> str:
    return dataset.rpartition("/")[2]


FAMILY = PoseTrainerFamily()
