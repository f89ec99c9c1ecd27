"""What is wrong with a folder of poses, and what else to know: ``dataset verify --keypoints``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.registry import find_task
from aqa_bench.core.sample import FloatArray
from aqa_bench.media.layouts import find_layout, missing
from aqa_bench.protocol.keypoints.dataset import KeypointDataset
from aqa_bench.protocol.keypoints.folder import KeypointFolder
from aqa_bench.protocol.keypoints.reading import PoseReading
from aqa_bench.protocol.keypoints.report import (
    Confidence,
    FrameCount,
    KeypointAudit,
    PeopleCount,
    Problem,
    TaskCoverage,
)

__all__ = ["audit_keypoints"]

_DIGITS = 4
_MUCH_MISSING = 0.5


def audit_keypoints(
    dataset: Dataset,
    folder: KeypointFolder,
    tasks: Sequence[str] = (),
    progress: Progress | None = None,
) -> KeypointAudit:
    """Read the poses of every sample, and go on where one cannot be read.

    Args:
        dataset: The dataset, opened on what is available.
        folder: The poses.
        tasks: Tasks that the poses are for; empty means all of which there are any.
        progress: Where to report.

    Raises:
        UsageError: There is no such task.
        DataError: The poses are of another dataset or of none of its samples.
    """
    progress = NullProgress() if progress is None else progress
    posed = KeypointDataset(dataset, folder)
    chosen = [find_task(dataset.card, name) for name in tasks] or dataset.card.tasks
    of_task = {task.id: dataset.samples(task.id) for task in chosen}
    lengths = {name: sample.media.length for samples in of_task.values() for name, sample in samples.items()}
    seen = _Seen()
    problems: list[Problem] = []
    located = {name: files for name, files in posed.located.items() if name in lengths}
    progress.start("reading keypoints", len(located))
    try:
        for name, files in located.items():
            try:
                seen.add(folder.read(files, lengths[name]), lengths[name])
            except DataError as error:
                problems.append(_problem(name, error))
            progress.advance()
    finally:
        progress.close()
    coverage = {
        task: TaskCoverage(samples=len(samples), with_keypoints=len(samples.keys() & located.keys()))
        for task, samples in of_task.items()
    }
    wanted = [task for task, count in coverage.items() if count.with_keypoints or tasks]
    absent = sorted({name for task in wanted for name in of_task[task]} - located.keys())
    claimed = {name for files in posed.located.values() for name in files}
    share, by_joint = seen.missing(folder.layout)
    return KeypointAudit(
        dataset=dataset.card.id,
        keypoints=folder.record(),
        ok=not problems and not absent,
        tasks=coverage,
        missing=absent,
        extra=_by_place(name for name in folder.files if name not in claimed),
        problems=problems,
        frames=seen.frames,
        several_people=seen.people,
        missing_joints=share,
        missing_by_joint=by_joint,
        unknown_joints=seen.unknown,
        confidence=seen.confidence(),
        notes=list(_notes(folder, seen, coverage, share)),
    )


@dataclass
class _Seen:
    """What has been read so far."""

    frames: FrameCount = field(default_factory=FrameCount)
    people: PeopleCount = field(default_factory=PeopleCount)
    unknown: int = 0
    shown: int = 0
    gone: FloatArray | None = None
    confidences: list[FloatArray] = field(default_factory=list)

    def add(self, reading: PoseReading, length: int) -> None:
        absent = max(0, length - reading.frames)
        count = self.frames
        count.expected += length
        count.found += reading.frames
        count.missing += absent
        count.samples_with_missing += absent > 0
        count.surplus += reading.surplus
        count.empty += reading.empty
        self.people.samples += reading.several > 0
        self.people.frames += reading.several
        self.people.most = max(self.people.most, reading.most)
        self.unknown += reading.unknown
        if reading.values.ndim == 2:
            return
        gone = missing(reading.values)
        present = ~gone.all(axis=1)
        self.shown += int(present.sum())
        total = gone[present].sum(axis=0).astype(np.float64)
        self.gone = total if self.gone is None else self.gone + total
        self.confidences.append(reading.values[..., -1][~gone])

    def missing(self, layout: str | None) -> tuple[float | None, dict[str, float]]:
        if self.gone is None or layout is None or not self.shown:
            return None, {}
        shares = self.gone / self.shown
        names = find_layout(layout).joints
        return round(float(shares.mean()), _DIGITS), {
            name: round(float(share), _DIGITS) for name, share in zip(names, shares, strict=True)
        }

    def confidence(self) -> Confidence | None:
        values = np.concatenate(self.confidences) if self.confidences else np.empty(0)
        if not values.size:
            return None
        low, median, high = (round(float(v), _DIGITS) for v in np.quantile(values, (0, 0.5, 1)))
        return Confidence(low=low, median=median, high=high)


def _by_place(names: Iterable[str]) -> dict[str, int]:
    """How many files, by their folder; those that lie in none by their own name."""
    parents = ((PurePosixPath(name).parent.as_posix(), name) for name in names)
    return dict(Counter(name if parent == "." else parent for parent, name in parents))


def _problem(sample: str, error: DataError) -> Problem:
    return Problem(
        sample=sample,
        what=error.what,
        where=error.where or "",
        expected=error.expected or "",
        found=error.found or "",
        remedy=error.remedy or "",
    )


def _notes(
    folder: KeypointFolder, seen: _Seen, tasks: Mapping[str, TaskCoverage], share: float | None
) -> Iterator[str]:
    bare = [task for task, count in tasks.items() if not count.with_keypoints and count.samples]
    if bare:
        yield f"No poses for any sample of {', '.join(bare)}: run the other tasks with --task."
    if seen.people.samples and folder.people is not None:
        yield f"If there are several people, the {folder.people.value} is used (docs/keypoints.md)."
    if seen.frames.missing:
        yield "Frames without a file are kept as empty frames; methods fill such gaps or skip them."
    if seen.frames.surplus:
        yield f"{seen.frames.surplus} frames beyond the ends of their clips are ignored."
    if share is not None and share > _MUCH_MISSING:
        yield "More than half of the joints of visible people are missing: is the layout right?"
    confidence = seen.confidence()
    if confidence is not None and confidence.low == confidence.high == 1:
        yield "Every joint has confidence 1, because the files give none."
    if folder.manifest.estimator is None:
        yield 'The files do not name their pose estimator: add "estimator" to manifest.json.'
