"""Recognise the files of the release by their names, however the tree was unpacked, renamed or split.

The tree as delivered::

    Squat/Labeled_Dataset/{videos.zip, Labels/error_knees_*.json, Splits/{train,val,test}_keys.json}
    Squat/Labeled_Dataset/Shallow_Squat_Error_Dataset/{images.zip, labels_shallow_depth.json, splits/}
    Squat/Unlabeled_Dataset/{videos.zip, bar_trajectories_raw.zip}
    OHP/...                                    as Squat, with error_elbows.json and error_knees.json
    BarbellRow/Labeled_Dataset/{barbellrow_images_raw.zip, Labels/labels_*.json, Splits/Splits_*/*_ids.json}

A file's place is read from the words of its folders, so doubled folders, other letter case, extra
levels and archives standing in for folders all lead to the same slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from .problems import Problem
from .scan import FoundFile

__all__ = ["EXERCISES", "Exercise", "Kind", "Slot", "TaskFiles", "classify"]


class Kind(StrEnum):
    """What a file of the release is."""

    CLIP = "clip"
    POOL = "pool"
    IMAGE = "image"
    TRAJECTORY = "trajectory"
    LABELS = "labels"
    SPLIT = "split"
    TRAJ_NAN = "traj_nan"


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """How the release names the files of one task.

    Attributes:
        task: Task id.
        media: ``Kind.CLIP`` or ``Kind.IMAGE``.
        labels: Stem of its label file.
        word: What the folder of its split files is named after, where the exercise has several.
    """

    task: str
    media: Kind
    labels: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise of the release.

    Attributes:
        id: Second part of the dataset id.
        words: Words in folder names that tell it.
        tasks: Its tasks.
    """

    id: str
    words: frozenset[str]
    tasks: tuple[TaskFiles, ...]

    def task(self, task_id: str) -> TaskFiles:
        """The files of a task."""
        return next(task for task in self.tasks if task.task == task_id)


EXERCISES: Mapping[str, Exercise] = {
    exercise.id: exercise
    for exercise in (
        Exercise(
            "backsquat",
            frozenset({"squat", "squats", "backsquat", "backsquats"}),
            (
                TaskFiles("kie", Kind.CLIP, "error_knees_inward"),
                TaskFiles("kfe", Kind.CLIP, "error_knees_forward"),
                TaskFiles("ss", Kind.IMAGE, "labels_shallow_depth", "shallow"),
            ),
        ),
        Exercise(
            "overhead-press",
            frozenset({"ohp", "press", "overhead", "overheadpress"}),
            (
                TaskFiles("elbow", Kind.CLIP, "error_elbows"),
                TaskFiles("knees", Kind.CLIP, "error_knees"),
            ),
        ),
        Exercise(
            "barbell-row",
            frozenset({"row", "rows", "barbellrow", "barbellrows"}),
            (
                TaskFiles("lumbar", Kind.IMAGE, "labels_lumbar_error", "lumbar"),
                TaskFiles("torso", Kind.IMAGE, "labels_torso_angle_error", "torso"),
            ),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a file in the release.

    Attributes:
        exercise: Exercise id.
        kind: What it is.
        key: Media id; task of a label file; ``task/part`` of a split file; empty otherwise.
    """

    exercise: str
    kind: Kind
    key: str


_VIDEO = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm"})
_IMAGE = frozenset({".jpg", ".jpeg", ".png"})
_PARTS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
_SPLIT = re.compile(r"^(train|training|val|valid|validation|test)[ _-]?(keys?|ids?)$", re.IGNORECASE)
_DOWNLOAD_STAMP = re.compile(r"-\d{8}t\d{6}z.*$", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LABELS = {
    "".join(_WORD.findall(task.labels)).lower(): (exercise.id, task.task)
    for exercise in EXERCISES.values()
    for task in exercise.tasks
}


def classify(
    files: Sequence[FoundFile], sources: Sequence[Path]
) -> tuple[dict[Slot, list[FoundFile]], list[Problem]]:
    """Give every file its slot.

    Args:
        files: The files found, in order of preference.
        sources: The sources they were found under; their own names count as folders too.

    Returns:
        Candidates for every slot, plain files before archive members; and media whose exercise
        cannot be told.
    """
    context = [tuple(source.expanduser().absolute().parts[-3:]) for source in sources]
    prefixes = _signatures(files)
    slots: dict[Slot, list[FoundFile]] = {}
    homeless: dict[tuple[str, ...], list[FoundFile]] = {}
    for file in files:
        stem, suffix = _stem_and_suffix(file.parts[-1])
        if suffix not in _VIDEO and suffix not in _IMAGE and suffix != ".json":
            continue
        exercise = _exercise(file, context[file.source], prefixes)
        if exercise is None:
            homeless.setdefault(file.parts[:-1], []).append(file)
            continue
        for slot in _slots(exercise, suffix, stem, file.parts[:-1], context[file.source]):
            slots.setdefault(slot, []).append(file)
    for candidates in slots.values():
        candidates.sort(key=lambda file: (file.source, file.media.member is not None))
    return slots, [_homeless(alike) for alike in homeless.values()]


def _slots(
    exercise: str, suffix: str, stem: str, folders: tuple[str, ...], context: tuple[str, ...]
) -> Iterable[Slot]:
    unlabeled = _is_unlabeled((*context, *folders))
    if suffix in _VIDEO:
        return (Slot(exercise, Kind.POOL if unlabeled else Kind.CLIP, stem),)
    if suffix in _IMAGE:
        return (Slot(exercise, Kind.IMAGE, stem),)
    name = "".join(_words(stem))
    if name in _LABELS and _LABELS[name][0] == exercise:
        return (Slot(exercise, Kind.LABELS, _LABELS[name][1]),)
    if name == "trajnan":
        return (Slot(exercise, Kind.TRAJ_NAN, ""),)
    part = _SPLIT.match(stem)
    if part is not None:
        split = _PARTS[part[1].lower()]
        tasks = _split_tasks(EXERCISES[exercise], part[2].lower().startswith("id"), folders, context)
        return tuple(Slot(exercise, Kind.SPLIT, f"{task}/{split}") for task in tasks)
    if unlabeled or "trajector" in _text(folders):
        return (Slot(exercise, Kind.TRAJECTORY, stem),)
    return ()


def _is_unlabeled(folders: tuple[str, ...]) -> bool:
    for folder in reversed(folders):
        for word in _words(folder):
            if word.startswith(("label", "unlabel")):
                return word.startswith("unlabel")
    return False


def _split_tasks(
    exercise: Exercise, ids: bool, folders: tuple[str, ...], context: tuple[str, ...]
) -> list[str]:
    for text in (_text(folders), _text(context) if ids else ""):
        named = [task.task for task in exercise.tasks if task.word and task.word in text]
        if named:
            return named
    fitting = [task.task for task in exercise.tasks if (task.media is Kind.IMAGE) == ids]
    # The two image tasks of the row have different splits under one file name.
    return fitting if not ids or len(fitting) == 1 else []


def _text(folders: tuple[str, ...]) -> str:
    return " ".join(word for folder in folders for word in _words(folder))


def _stem_and_suffix(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix.lower()}") if stem and dot else (name, "")


def _exercise(
    file: FoundFile, context: tuple[str, ...], prefixes: Mapping[tuple[object, ...], str]
) -> str | None:
    folders = file.parts[:-1]
    told = _nearest(folders)
    if told is not None:
        return told
    for depth in range(len(folders), -1, -1):
        prefix = _prefix(file, depth)
        if prefix in prefixes:
            return prefixes[prefix]
    return _nearest(context)


def _nearest(folders: tuple[str, ...]) -> str | None:
    return next((told for told in map(_told_by, reversed(folders)) if told is not None), None)


def _signatures(files: Iterable[FoundFile]) -> dict[tuple[object, ...], str]:
    """Exercise of folders whose name does not tell it, from the label files below them."""
    prefixes: dict[tuple[object, ...], str] = {}
    for file in files:
        stem, suffix = _stem_and_suffix(file.parts[-1])
        label = _LABELS.get("".join(_words(stem))) if suffix == ".json" else None
        if label is None:
            continue
        depth = next(
            (i for i, part in enumerate(file.parts[:-1]) if any(w.startswith("label") for w in _words(part))),
            max(len(file.parts) - 2, 0),
        )
        prefixes.setdefault(_prefix(file, depth), label[0])
    return prefixes


def _prefix(file: FoundFile, depth: int) -> tuple[object, ...]:
    # A renamed exercise folder is matched across sources; a source itself only by its own files.
    folders = tuple(part.lower() for part in file.parts[:depth])
    return folders if folders else (file.source,)


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(_DOWNLOAD_STAMP.sub("", name)))


def _told_by(folder: str) -> str | None:
    told = [exercise.id for exercise in EXERCISES.values() if exercise.words.intersection(_words(folder))]
    return told[0] if len(told) == 1 else None


def _homeless(files: list[FoundFile]) -> Problem:
    folder = str(files[0].media.path.parent if files[0].media.member is None else files[0].media.path)
    return Problem(
        folder,
        "exercise is ambiguous",
        "a parent folder named after squat, OHP or barbell row, or the label files next to the media",
        f"{len(files)} files, e.g. {files[0].media.name}",
    )
