"""The family behind ``stick-figures/shoulder-press``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aqa_bench.core.dataset import Audit, Coverage, Dataset, SplitCount, TaskAudit
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.progress import Progress
from aqa_bench.core.sample import FloatArray, Media, Sample
from aqa_bench.core.schemes import folds, one_class, one_class_clean, one_class_leaky
from aqa_bench.core.seeds import data_seed, derive_seed
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.media.layouts import convert, missing

from .cards import CARD, FORM
from .figures import CLIPS_PER_SOURCE, LAYOUT, SOURCES, Source, draw_clip, fault_of

__all__ = ["FAMILY", "DrawnClip", "StickFigures", "StickFiguresFamily"]

_RULES = {
    "folds": folds,
    "one-class": one_class,
    "one-class-clean": one_class_clean,
    "one-class-leaky": one_class_leaky,
}


class DrawnClip(Media):
    """Keypoints of one drawn clip.

    Args:
        keypoints: ``(T, 18, 3)`` float32 in layout openpose-18.
    """

    provides = frozenset({Modality.KEYPOINTS, Modality.ATTRIBUTES})

    def __init__(self, keypoints: npt.NDArray[np.float32]) -> None:
        self._keypoints = keypoints
        self._key = sha256_bytes(np.ascontiguousarray(keypoints, dtype="<f4").tobytes())

    @property
    def length(self) -> int:
        """Number of frames."""
        return len(self._keypoints)

    @property
    def content_key(self) -> str:
        """SHA-256 of the keypoints as little-endian float32."""
        return self._key

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """``exercise``: always ``shoulder-press``."""
        return {"exercise": "shoulder-press"}

    def keypoints(self, layout: str = LAYOUT) -> FloatArray:
        """Keypoints as ``(T, V, 3)`` float32: x, y in pixels and confidence in [0, 1]; 0 where missing.

        Args:
            layout: Joint order wanted.

        Raises:
            DataError: The layout has joints that openpose-18 has no parts of.
        """
        return convert(self._keypoints, LAYOUT, layout)


class StickFigures(Dataset):
    """60 clips of 30 sources, 12 of which have bad form in both of their clips."""

    card = CARD

    def __init__(self) -> None:
        order = sorted(range(SOURCES), key=lambda n: derive_seed(data_seed(CARD.id, "faults"), n))
        sources = [Source(n, fault_of(n, tuple(order))) for n in range(SOURCES)]
        clips = [(f"s{s.number:02d}-{c}", s, c) for s in sources for c in range(CLIPS_PER_SOURCE)]
        self._samples = {
            name: Sample(name, f"s{source.number:02d}", DrawnClip(draw_clip(CARD.id, source, clip)))
            for name, source, clip in clips
        }
        self._targets = {name: float(source.fault is not None) for name, source, _ in clips}
        self._faults = {name: source.fault for name, source, _ in clips}

    def fingerprint(self) -> str:
        """Hex SHA-256 of every clip's id, content and label."""
        content = [[i, s.media.content_key, int(self._targets[i])] for i, s in sorted(self._samples.items())]
        return sha256_bytes(canonical_json(content).encode())

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Every clip; the two clips of a source are a group."""
        return dict(self._samples)

    def targets(self, task: str) -> Mapping[str, float]:
        """1 = bad form, 0 = good form."""
        return dict(self._targets)

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The splits of a scheme."""
        groups = {name: sample.group for name, sample in self._samples.items()}
        return _RULES[scheme](CARD.id, self._targets, groups)

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """Clips of the sources that have none in ``held_out``, ordered by content."""
        banned = {self._samples[i].group for i in held_out if i in self._samples}
        pool = (sample for sample in self._samples.values() if sample.group not in banned)
        return sorted(pool, key=lambda sample: sample.media.content_key)

    def audit(self, progress: Progress | None = None) -> Audit:
        """Count the clips, and measure their lengths and missing joints."""
        clips = [sample.media for sample in self._samples.values()]
        first = self.splits(FORM.id, CARD.schemes[0].id)[0]
        parts = {"train": first.train, "val": first.val, "test": first.test}
        lengths = [clip.length for clip in clips]
        faults = [str(fault) for fault in self._faults.values() if fault is not None]
        return Audit(
            dataset=CARD.id,
            fingerprint=self.fingerprint(),
            ok=True,
            tasks={FORM.id: TaskAudit(splits={name: self._count(ids) for name, ids in parts.items()})},
            coverage=Coverage(expected=len(clips), found=len(clips)),
            notes=list(CARD.notes),
            details={
                "frames": {"min": min(lengths), "median": float(np.median(lengths)), "max": max(lengths)},
                "faults": {fault: faults.count(fault) for fault in sorted(set(faults))},
                "missing_joints": float(np.mean([missing(clip.keypoints(LAYOUT)).mean() for clip in clips])),
            },
        )

    def _count(self, ids: Sequence[str]) -> SplitCount:
        positive = int(sum(self._targets[i] for i in ids))
        return SplitCount(n=len(ids), positive=positive, floor=max(positive, len(ids) - positive) / len(ids))


class StickFiguresFamily:
    """Draws the figures; there is nothing to prepare."""

    def open(self, dataset: str, home: Path) -> Dataset:
        """The dataset, drawn once a process."""
        return _drawn()

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Say that nothing is needed."""
        return (f"{CARD.id} is drawn in memory when it is opened, so there is nothing to prepare.",)


@cache
def _drawn() -> StickFigures:
    return StickFigures()


FAMILY = StickFiguresFamily()
