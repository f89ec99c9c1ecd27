"""Cards of the three exercises."""

from __future__ import annotations

from collections.abc import Mapping

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.schemes import LOW_DATA
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Modality, Task, TaskKind, Unit

__all__ = ["CARDS", "DEDUPLICATED", "OFFICIAL", "TASKS"]

OFFICIAL = Scheme("official", "The release's own train, val and test files.")
DEDUPLICATED = Scheme(
    "deduplicated",
    "As official, without the train and val media that are byte-identical to one of a later part.",
)


def _task(task: str, name: str, unit: Unit, description: str) -> Task:
    return Task(
        id=task,
        name=name,
        kind=TaskKind.BINARY,
        unit=unit,
        primary="f1",
        secondary=("accuracy", "balanced_accuracy", "ap", "auroc", "mcc"),
        # What the paper fine-tunes its video networks on, for every error of a clip.
        frames_per_clip=32 if unit is Unit.CLIP else None,
        description=description,
    )


TASKS: Mapping[str, tuple[Task, ...]] = {
    "backsquat": (
        _task("kie", "Knees inward", Unit.CLIP, "The knees buckle inward at some time of the repetition."),
        _task("kfe", "Knees forward", Unit.CLIP, "The knees travel too far forward at some time."),
        _task("ss", "Shallow squat", Unit.IMAGE, "The frame shows a squat of too little depth."),
    ),
    "overhead-press": (
        _task("elbow", "Elbows", Unit.CLIP, "An elbow error is marked at some time of the press."),
        _task("knees", "Knees", Unit.CLIP, "A knee error is marked at some time of the press."),
    ),
    "barbell-row": (
        _task("lumbar", "Lumbar", Unit.IMAGE, "The frame shows an error of the lower back."),
        _task("torso", "Torso angle", Unit.IMAGE, "The frame shows an error of the torso's angle."),
    ),
}
"""Tasks of every exercise; positive = the error is present."""

_LICENCE = (
    "CC BY-NC 4.0 with further terms: research only, no transfer to others without the authors' permission, "
    "and the subjects' privacy is to be protected (e.g. faces blurred in figures)."
)
_SOURCE = "https://github.com/ParitoshParmar/Fitness-AQA"
_CITATION = (
    "Parmar, Gharat and Rhodin: Domain Knowledge-Informed Self-Supervised Representations for Workout Form "
    "Assessment. ECCV 2022."
)
_ACCESS = (
    f"Ask the authors through the request form linked at {_SOURCE}; then: aqa-bench dataset prepare "
    "fitness-aqa --source FOLDER, once or more."
)


def _card(
    exercise: str,
    name: str,
    provides: frozenset[Modality],
    notes: tuple[str, ...],
    tracks: tuple[Scheme, ...] = (),
) -> DatasetCard:
    return DatasetCard(
        id=f"fitness-aqa/{exercise}",
        name=name,
        licence=_LICENCE,
        source=_SOURCE,
        citation=_CITATION,
        access=_ACCESS,
        tasks=TASKS[exercise],
        schemes=(OFFICIAL, DEDUPLICATED, *tracks),
        provides=provides,
        notes=notes,
    )


CARDS = (
    _card(
        "backsquat",
        "Fitness-AQA BackSquat",
        frozenset({Modality.FRAMES, Modality.IMAGE, Modality.TRAJECTORY}),
        (
            "Always answering 'error' scores F1 .818 on knees forward: read the floor beside every score.",
            "The labels of shallow squat depart from the paper's figure (44% errors, not 57%).",
            "Most labelled clips are in the unlabelled set too; the pool leaves out every val and test clip "
            "of every task, and its source video.",
        ),
    ),
    _card(
        "overhead-press",
        "Fitness-AQA OverheadPress",
        frozenset({Modality.FRAMES, Modality.TRAJECTORY}),
        ("Labelled clips are in the unlabelled set too; the pool leaves out val, test and their sources.",),
    ),
    _card(
        "barbell-row",
        "Fitness-AQA BarbellRow",
        frozenset({Modality.IMAGE}),
        (
            "The release holds more than twice the images of the paper; the paper's rows are not comparable.",
            "There is no unlabelled set: pre-training comes from another exercise.",
        ),
        tracks=LOW_DATA,
    ),
)
