"""The dives as a dataset: scored from annotations alone, rendered when a method wants to see them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from aqa_bench.core.dataset import Audit, Coverage, Dataset, SplitCount, TaskAudit
from aqa_bench.core.errors import DataError
from aqa_bench.core.event_schemes import event_grouped, with_val
from aqa_bench.core.paths import cache_home
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.core.schemes import LABEL_COUNTS, fewer_labels
from aqa_bench.core.seeds import derive_seed
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.media.dives.release import EVENT_GROUPED, SCORE_DD
from aqa_bench.media.frame_store import StoredFrames, WholeVideo, kept_frames
from aqa_bench.media.source import MediaFile

from ..cards import DIVING
from ..regenerated import not_as_generated
from .annotated import AnnotatedDives, annotated_dives, differing_dives
from .generate import generate_dives, video_file
from .media import DiveMedia
from .presets import DIVING_VERSION

__all__ = ["SyntheticDiving", "render_dives"]

_TEST_SHARE = 0.25


class SyntheticDiving(Dataset):
    """The dives of one preset; a group is an event.

    Args:
        preset: Name of the preset.
        home: The family's data folder.

    Raises:
        UsageError: There is no such preset.
    """

    def __init__(self, preset: str, home: Path) -> None:
        self.card = DIVING.at(preset)
        self.preset = preset
        self.home = home

    @cached_property
    def annotated(self) -> AnnotatedDives:
        """Annotations of every dive."""
        return annotated_dives(self.preset, self.home)

    def fingerprint(self) -> str:
        """Hex SHA-256 over the generator's version and the annotations; nothing has to be rendered."""
        return self.annotated.fingerprint

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Every dive by id."""
        tells = task == SCORE_DD
        return {
            name: self._sample(name, _told(dive) if tells else None)
            for name, dive in self.annotated.dives.items()
        }

    def targets(self, task: str) -> Mapping[str, float]:
        """The score of every dive."""
        return {name: float(dive["score"]) for name, dive in self.annotated.dives.items()}

    def strata(self, task: str) -> Mapping[str, str]:
        """Difficulty of every dive."""
        return {name: f"{dive['difficulty']:.1f}" for name, dive in self.annotated.dives.items()}

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The splits of a scheme.

        Raises:
            DataError: Fewer labels are asked for and the preset has fewer training dives.
        """
        events = {name: _event(dive) for name, dive in self.annotated.dives.items()}
        if scheme == EVENT_GROUPED:
            return event_grouped(self.card.id, events)
        test = _drawn(self.card.id, events)
        train = tuple(name for name in events if name not in test)
        split = with_val(self.card.id, "official", train, tuple(name for name in events if name in test))
        if scheme in LABEL_COUNTS:
            alone = {name: name for name in split.train}
            return fewer_labels(
                self.card.id, split, alone, dict.fromkeys(split.train, 1), LABEL_COUNTS[scheme]
            )
        return (split,)

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """The dives that are not held out, which are the training dives of either scheme.

        Their class and event are told in both tasks, since pretext tasks pair dives by them; difficulty
        only where the task tells it.
        """
        tells = task == SCORE_DD
        return tuple(
            self._sample(name, _told(dive, difficulty=tells))
            for name, dive in self.annotated.dives.items()
            if name not in held_out
        )

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Render the videos if frames are needed and not there yet."""
        if Modality.FRAMES in needs | pool:
            render_dives(self.preset, self.home, progress)

    def read_frames(self, dive: str, indices: Sequence[int] | None, size: int | None) -> UInt8Array:
        """Frames of a dive, through a frame store where they are resized.

        Raises:
            DataError: The dives have not been rendered, or a frame does not exist.
        """
        file = self._files[dive]
        if size is None:
            from aqa_bench.media.video import decode

            return decode(file, indices)
        media = self._sample(dive, None).media
        video = WholeVideo(file, media.length, size)
        return kept_frames(cache_home() / "frames", StoredFrames(size), media.content_key, video, indices)

    def audit(self, progress: Progress | None = None) -> Audit:
        """Count dives, videos and events; what has not been rendered is rendered first."""
        from scipy.stats import spearmanr

        self.materialise(frozenset({Modality.FRAMES}), progress or NullProgress())
        known = self.annotated.dives
        rendered = [name for name in known if video_file(self.home, self.preset, name).is_file()]
        (split,) = self.splits(SCORE_DD, "official")
        parts = {"train": split.train, "val": split.val, "test": split.test}
        counts = {part: SplitCount(n=len(ids)) for part, ids in parts.items()}
        events = [{_event(known[name]) for name in ids} for ids in parts.values()]
        changed = differing_dives(self.annotated)
        alone, scores = ([known[name][key] for name in split.test] for key in ("difficulty", "score"))
        return Audit(
            dataset=self.card.id,
            fingerprint=self.fingerprint(),
            ok=len(rendered) == len(known) and not changed,
            tasks={task.id: TaskAudit(splits=counts) for task in self.card.tasks},
            coverage=Coverage(expected=len(known), found=len(rendered)),
            groups_across_splits=len(events[0] & events[1] | events[0] & events[2] | events[1] & events[2]),
            notes=[*not_as_generated(changed), f"Preset {self.preset}, generator of dives {DIVING_VERSION}."],
            details={"spearman of difficulty alone": round(float(spearmanr(alone, scores).statistic), 4)},
        )

    def _sample(self, name: str, told: Mapping[str, float | str] | None) -> Sample:
        known = self.annotated
        return Sample(name, _event(known.dives[name]), DiveMedia(known, name, self.read_frames, told))

    @cached_property
    def _files(self) -> dict[str, MediaFile]:
        files = {name: video_file(self.home, self.preset, name) for name in self.annotated.dives}
        missing = [name for name, file in files.items() if not file.is_file()]
        if missing:
            raise DataError(
                "The synthetic dives have not been rendered.",
                where=files[missing[0]].parent,
                expected=f"{len(files)} videos",
                found=f"{len(files) - len(missing)}",
                remedy=f"aqa-bench dataset prepare {self.card.id}",
            )
        return {name: MediaFile(file) for name, file in files.items()}


def render_dives(
    preset: str, home: Path, progress: Progress, device: str = "cpu", jobs: int | None = None
) -> Sequence[str]:
    """Render what is missing of a preset.

    Args:
        preset: Name of the preset.
        home: The family's data folder.
        progress: Where to report.
        device: Where to render.
        jobs: Processes, one for each processor where None; a GPU is fed by one.

    Returns:
        What was done.
    """
    processes = (jobs or os.cpu_count() or 1) if device == "cpu" else 1
    made = generate_dives(preset, home, progress, jobs=processes, device=device)
    folder = video_file(home, preset, "").parent
    what = f"{made} dives rendered into" if made else "already in"
    return [f"{DIVING.id}, preset {preset}: {what} {folder}"]


def _event(dive: Mapping[str, Any]) -> str:
    return f"{dive['event']:02d}"


def _told(dive: Mapping[str, Any], *, difficulty: bool = True) -> dict[str, float | str]:
    told: dict[str, float | str] = {
        "position": dive["position"],
        "armstand": float(dive["armstand"]),
        "rotation": dive["rotation"],
        "somersaults": float(dive["somersaults"]),
        "twists": float(dive["twists"]),
        "event": _event(dive),
    }
    return told | {"difficulty": float(dive["difficulty"])} if difficulty else told


def _drawn(dataset: str, events: Mapping[str, str]) -> frozenset[str]:
    """A share of every event's dives, drawn by hash."""
    members: dict[str, list[str]] = {}
    for name, event in events.items():
        members.setdefault(event, []).append(name)
    chosen: set[str] = set()
    for ids in members.values():
        order = sorted(ids, key=lambda name: derive_seed(dataset, "test", name))
        chosen.update(order[: round(_TEST_SHARE * len(ids))])
    return frozenset(chosen)
