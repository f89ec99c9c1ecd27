"""The gym as a dataset: scored from annotations alone, rendered when a method wants to see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from aqa_bench.core.condition import Condition
from aqa_bench.core.dataset import Audit, Dataset
from aqa_bench.core.dataset_id import split_preset, with_preset
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.paths import cache_home
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample, Trajectory, UInt8Array
from aqa_bench.core.schemes import LABEL_COUNTS, LOW_DATA_PERCENT, fewer_labels, low_data
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality, Unit
from aqa_bench.media.frame_store import StoredFrames, WholeVideo, kept_frames
from aqa_bench.media.source import MediaFile

from ..fitness_aqa.adapter import FitnessAQA
from ..fitness_aqa.index import Entry
from ..fitness_aqa.layout import Kind
from ..fitness_aqa.media import ImageMedia
from .annotated import Annotated, annotated, differing_clips
from .cards import CARDS, DIVING
from .clip import make_clip, make_shot
from .conditions import conditions_of
from .detector import detected_boxes, detected_heights
from .diving.adapter import SyntheticDiving, render_dives
from .generate import EVERYTHING
from .lifters import GymLifters
from .media import GymClip, GymImage, frame_size
from .plan import ClipPlan, plan_clips
from .presets import GENERATOR_VERSION, PRESETS, ROLES, Exercise, Role
from .regenerated import not_as_generated
from .rendered import KINDS_OF_ROLE, open_release, release_folder, render
from .splits import SPLITS

__all__ = ["FAMILY", "SyntheticGym", "SyntheticGymFamily"]

_CARDS = {card.id: card for card in (*CARDS, DIVING)}
_KINDS = {Modality.FRAMES: Kind.CLIP, Modality.IMAGE: Kind.IMAGE}
_RENDERED = frozenset(_KINDS)


class SyntheticGym(Dataset):
    """One exercise under one preset.

    Args:
        exercise: Which exercise.
        preset: Name of the preset.
        home: The family's data folder.

    Raises:
        UsageError: There is no such preset.
    """

    def __init__(self, exercise: Exercise, preset: str, home: Path) -> None:
        self.card = _CARDS[_id(exercise)].at(preset)
        self.preset = preset
        self.home = home
        self.exercise = exercise

    @cached_property
    def annotated(self) -> Annotated:
        """Annotations of every clip."""
        return annotated(self.preset, self.exercise, self.home)

    @property
    def folder(self) -> Path:
        """Where the rendered release lies, or will."""
        return release_folder(self.home, self.preset, self.exercise)

    @cached_property
    def release(self) -> FitnessAQA:
        """What has been rendered, read by the adapter of the real release.

        Raises:
            DataError: Nothing has been rendered, or its index is damaged.
        """
        try:
            return open_release(self.home, self.preset, self.exercise)
        except DataError as error:
            raise self._unrendered("the rendered media and their index", error.found) from error

    def fingerprint(self) -> str:
        """Hex SHA-256 over the generator's version and the annotations; nothing has to be rendered."""
        return self.annotated.fingerprint

    def samples(self, task: str) -> Mapping[str, Sample]:
        """Every labelled clip or image of a task by id; a group is a filmed session."""
        known = self.annotated
        if self.card.task(task).unit is Unit.CLIP:
            return {
                name: self._clip(name) for name, clip in known.clips.items() if clip["role"] == "labelled"
            }
        return {
            name: Sample(
                name,
                _source(name),
                GymImage(known, name, name.rpartition("_")[0], still.frame, self.read_image),
            )
            for name, still in known.stills.items()
            if task in still.labels
        }

    def targets(self, task: str) -> Mapping[str, float]:
        """1 = the error's realised size is over its threshold."""
        known = self.annotated
        if self.card.task(task).unit is Unit.CLIP:
            clips = known.clips.items()
            return {name: float(clip["labels"][task]) for name, clip in clips if clip["role"] == "labelled"}
        return {name: float(s.labels[task]) for name, s in known.stills.items() if task in s.labels}

    def splits(self, task: str, scheme: str) -> Sequence[Split]:
        """The generator's split by session, or one of its training parts with fewer labels.

        Raises:
            DataError: Fewer labels are asked for and the preset has too few training samples.
        """
        targets = self.targets(task)
        parts: dict[str, list[str]] = {part: [] for part in SPLITS}
        for name in targets:
            parts[self.annotated.parts[_source(name)]].append(name)
        split = Split(0, 0, *(tuple(parts[part]) for part in ("train", "val", "test")))
        if scheme in LOW_DATA_PERCENT:
            return low_data(self.card.id, split, targets, LOW_DATA_PERCENT[scheme])
        if scheme in LABEL_COUNTS:
            groups = {name: _source(name) for name in split.train}
            return fewer_labels(self.card.id, split, groups, self._train_sizes, LABEL_COUNTS[scheme])
        return (split,)

    def conditions(self, task: str) -> Sequence[Condition]:
        """Size of the error, angle of the camera, joints in sight."""
        return conditions_of(self.annotated, task, self.card.task(task).unit)

    def error_spans(self, task: str) -> Mapping[str, Sequence[tuple[float, float]]]:
        """Spans in which an error of clips is over its threshold."""
        if self.card.task(task).unit is not Unit.CLIP:
            return {}
        return {
            clip: [(start, end) for start, end in known["intervals"].get(task, [])]
            for clip, known in self.annotated.clips.items()
        }

    def lifters(self) -> GymLifters:
        """Clips of the same scenes with other people, who are in no task and no pool."""
        return GymLifters(self.preset)

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        """The unlabelled clips; their sessions are none of the labelled ones'."""
        return [self._clip(name) for name in self._pool]

    def materialise(
        self, needs: frozenset[Modality], progress: Progress, pool: frozenset[Modality] = frozenset()
    ) -> None:
        """Render what is needed and not there yet: videos, stills alone, the pool or none of them."""
        kinds = {_KINDS[modality] for modality in needs if modality in _KINDS}
        if Modality.FRAMES in pool:
            kinds.add(Kind.POOL)
        if kinds:
            render(self.exercise, self.preset, self.home, progress, kinds=kinds)
            for cached in ("release", "_files", "_images"):
                self.__dict__.pop(cached, None)

    def read_frames(self, clip: str, indices: Sequence[int] | None, size: int | None) -> UInt8Array:
        """Frames of a clip, through a frame store where they are resized.

        Raises:
            DataError: The clip has not been rendered, or a frame does not exist.
        """
        if clip not in self._files:
            raise self._unrendered(f"the video of clip {clip}", "different media")
        file = self._files[clip]
        if size is None:
            from aqa_bench.media.video import decode

            return decode(file, indices)
        media = self._clip(clip).media
        video = WholeVideo(file, media.length, size)
        return kept_frames(cache_home() / "frames", StoredFrames(size), media.content_key, video, indices)

    def read_image(self, image: str, size: int | None) -> UInt8Array:
        """A still.

        Raises:
            DataError: The still has not been rendered.
        """
        if image not in self._images:
            raise self._unrendered(f"the still {image}", "different media")
        return ImageMedia(self._images[image]).image(size)

    def read_trajectory(self, clip: str) -> Trajectory:
        """A clip's trajectory as the simulated detector delivers it, labelled clips included."""
        from aqa_bench.media.trajectory import from_boxes, from_heights

        rng = self._plans[clip].stream("detector")
        boxes = self.annotated.row(clip, "bar_box").astype(np.float64)
        size = frame_size(self.preset)
        if self.exercise == "overhead-press":
            return from_boxes(detected_boxes(rng, boxes, size), starts="low")
        return from_heights(detected_heights(rng, boxes, size), starts="high")

    def audit(self, progress: Progress | None = None) -> Audit:
        """Audit the rendered release as if it were the real one, and compare it with the annotations.

        What has not been rendered is rendered first.
        """
        self.materialise(_RENDERED, progress or NullProgress(), _RENDERED)
        audit = self.release.audit(progress)
        notes = not_as_generated(differing_clips(self.annotated))
        notes += [note for task in self.card.tasks for note in self._disagreements(task.id)]
        return audit.model_copy(
            update={
                "dataset": self.card.id,
                "fingerprint": self.fingerprint(),
                "ok": audit.ok and not notes,
                "notes": [*notes, f"Preset {self.preset}, generator {GENERATOR_VERSION}.", *audit.notes],
            }
        )

    def _disagreements(self, task: str) -> list[str]:
        (read,), (meant,) = self.release.splits(task, "official"), self.splits(task, "official")
        same = self.release.targets(task) == self.targets(task) and all(
            set(getattr(read, part)) == set(getattr(meant, part)) for part in SPLITS
        )
        return [] if same else [f"The decoded media of {task} differ from those that were generated."]

    def _unrendered(self, expected: str, found: object) -> DataError:
        return DataError(
            f"There are no readable rendered media of {self.card.id}.",
            where=self.folder,
            expected=expected,
            found=found,
            remedy=f"aqa-bench dataset prepare {self.card.id}",
        )

    def _clip(self, name: str) -> Sample:
        return Sample(
            name, _source(name), GymClip(self.annotated, name, self.read_frames, self.read_trajectory)
        )

    @cached_property
    def _pool(self) -> list[str]:
        return [name for name, clip in self.annotated.clips.items() if clip["role"] == "unlabelled"]

    @cached_property
    def _train_sizes(self) -> dict[str, int]:
        """Number of clips of every session of the training part."""
        sources = [clip["source"] for clip in self.annotated.clips.values() if clip["role"] == "labelled"]
        return {s: n for s, n in Counter(sources).items() if self.annotated.parts[s] == "train"}

    @cached_property
    def _plans(self) -> dict[str, ClipPlan]:
        return {plan.id: plan for plan in plan_clips(self.preset, self.exercise)}

    @cached_property
    def _files(self) -> dict[str, MediaFile]:
        entries = {**self.release.index.entries(Kind.CLIP), **self.release.index.entries(Kind.POOL)}
        return {name: entry.media for name, entry in entries.items()}

    @cached_property
    def _images(self) -> Mapping[str, Entry]:
        return self.release.index.entries(Kind.IMAGE)


class SyntheticGymFamily:
    """Generates and opens the gym's datasets."""

    def open(self, dataset: str, home: Path) -> SyntheticGym | SyntheticDiving:
        """Open an exercise or the dives under the preset that the id names.

        Raises:
            UsageError: There is no such preset.
        """
        base, named = split_preset(dataset)
        preset = _CARDS[base].presets[0] if named is None else named
        if base == DIVING.id:
            return SyntheticDiving(preset, home)
        return SyntheticGym(_exercise(base), preset, home)

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Render what is not there yet, so that the first use need not wait.

        Raises:
            UsageError: There is no such preset, or sources or options were given.
        """
        if sources or options:
            raise _unwanted(dataset, sources, options)
        return self.render(dataset, home, progress)

    def render(
        self,
        dataset: str | None,
        home: Path,
        progress: Progress,
        *,
        device: str = "cpu",
        jobs: int | None = None,
        role: str | None = None,
    ) -> Sequence[str]:
        """Render what is not there yet, see :class:`~aqa_bench.core.dataset.Renders`.

        Raises:
            UsageError: There is no such preset or role.
        """
        kinds = EVERYTHING if role is None else KINDS_OF_ROLE[_as_role(role)]
        lines: list[str] = []
        for name in _CARDS if dataset is None else (dataset,):
            opened = self.open(name, home)
            if isinstance(opened, SyntheticDiving):
                lines += render_dives(opened.preset, home, progress, device, jobs)
            else:
                lines += render(opened.exercise, opened.preset, home, progress, device, jobs, kinds)
        return lines

    def render_specimen(self, size: int, device: str) -> UInt8Array:
        """One squat, ``(T, size, size, 3)`` uint8 RGB, for comparisons of devices."""
        from .render import render_shot

        plan = plan_clips("tiny", "backsquat")[0]
        shot = make_shot(make_clip(plan))
        return render_shot(shot, size, PRESETS[plan.preset].supersample, device).frames.numpy()


def _unwanted(dataset: str | None, sources: Sequence[Path], options: Mapping[str, str]) -> UsageError:
    asked = "synthetic-gym" if dataset is None else dataset
    if "preset" in options:
        asked = with_preset(split_preset(asked)[0], options["preset"])
    return UsageError(
        "The synthetic gym is generated: it takes no sources and no options.",
        expected="a dataset id, with @PRESET for a preset other than the default",
        found=", ".join([*map(str, sources), *(f"{key}={value}" for key, value in sorted(options.items()))]),
        remedy=f"aqa-bench dataset prepare {asked}",
    )


def _as_role(role: str) -> Role:
    if role not in ROLES:
        raise UsageError("This role of clips does not exist.", expected=", ".join(ROLES), found=role)
    return role


def _id(exercise: Exercise) -> str:
    return f"synthetic-gym/{exercise}"


def _exercise(dataset: str) -> Exercise:
    return cast(Exercise, dataset.partition("/")[2])


def _source(name: str) -> str:
    return name.partition("_")[0]


FAMILY = SyntheticGymFamily()
