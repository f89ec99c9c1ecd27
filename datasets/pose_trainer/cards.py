"""Cards of the four exercises."""

from __future__ import annotations

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.task import Modality, Task, TaskKind, Unit

from .release import EXERCISES, Exercise, release
from .splits import SCHEMES

__all__ = ["CARDS", "FORM"]

FORM = Task(
    id="form",
    name="Is the form bad?",
    kind=TaskKind.BINARY,
    unit=Unit.SEQUENCE,
    primary="accuracy",
    secondary=("f1", "f1_good", "balanced_accuracy", "auroc", "ap", "mcc"),
    description="1 = the clip was filmed and filed as bad form, 0 = as good form.",
)


def _card(exercise: Exercise) -> DatasetCard:
    recordings = len({file.recording for file in release().of(exercise.dataset)})
    return DatasetCard(
        id=exercise.dataset,
        name=f"Pose Trainer: {exercise.name.lower()}",
        licence="GPL-3.0 (the licence of the repository that holds the files)",
        source="https://github.com/stevenzchen/pose-trainer, folder poses_compressed",
        citation="S. Chen and R. R. Yang, Pose Trainer: Correcting Exercise Posture using Pose Estimation, "
        "arXiv:2006.11718, 2020",
        access="aqa-bench dataset prepare pose-trainer fetches 3.7 MB from the repository; "
        "--source takes a clone, its folder poses_compressed, or the folder of one exercise.",
        tasks=(FORM,),
        schemes=SCHEMES,
        provides=frozenset({Modality.KEYPOINTS}),
        notes=(
            f"{exercise.good} good and {exercise.bad} bad clips of keypoints; the videos are not public.",
            "The label is part of the file name; methods see opaque ids.",
            f"Clips are cuts of {recordings} recordings that overlap (clips of one recording share identical "
            "frames): a group is a recording, and all schemes but notebook and one-class-published keep it "
            "whole.",
            "Who performs a clip is not noted.",
            "The thresholds of the published rules were chosen on these same clips.",
        ),
    )


CARDS = tuple(_card(exercise) for exercise in EXERCISES.values())
