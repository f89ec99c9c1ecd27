"""Card of the Waseda squats."""

from __future__ import annotations

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.task import Modality, Task, TaskKind, Unit

from .release import ERRORS, FRAMES
from .splits import SCHEMES

__all__ = ["CARD"]

_QUESTIONS = {
    "kie": "Do the knees go inward?",
    "cvrb": "Is the back rounded (convex)?",
    "ccrb": "Is the back warped (concave)?",
    "ss": "Is the squat shallow?",
    "kfe": "Do the knees go beyond the toes?",
}


def _task(task: str) -> Task:
    return Task(
        id=task,
        name=_QUESTIONS[task],
        kind=TaskKind.BINARY,
        unit=Unit.CLIP,
        primary="accuracy",
        secondary=("f1", "balanced_accuracy", "auroc", "ap", "mcc"),
        frames_per_clip=FRAMES,
        description=f"1 = the clip is filed under {ERRORS[task]}, 0 = under good; no others are judged.",
    )


CARD = DatasetCard(
    id="waseda-squat",
    name="Waseda squats, single individual",
    licence="none stated by the release",
    source="http://hi.cs.waseda.ac.jp/~ogata/Dataset.html, Single Individual Dataset",
    citation="R. Ogata, E. Simo-Serra, S. Iizuka and H. Ishikawa, Temporal Distance Matrices for Squat "
    "Classification, CVPR Workshops 2019",
    access="Download it from the source, then aqa-bench dataset prepare waseda-squat --source PATH: "
    "Pose_Dataset, Video_Dataset or a folder or zip of either; split files too, if you have them.",
    tasks=tuple(_task(task) for task in ERRORS),
    schemes=SCHEMES,
    provides=frozenset({Modality.DISTANCES, Modality.KEYPOINTS, Modality.FRAMES}),
    notes=(
        "One person performs everything: scores say nothing about other people.",
        "A clip's group is its recording day; the scheme official does not keep days whole.",
        "The published results are on a train, val and test split that is not part of every copy, so results "
        "on day-grouped are not comparable with them.",
        "The pose files' 3d_joint is not joints but the 171 distances between HMR's 19 joints; joints are "
        "recovered from them up to a rigid motion, and seen from the front.",
        "Files hold 298 to 301 frames; the first 300 are used.",
        "Image methods of the paper take 300 frames, squashed to 320 pixels; the central 224 are kept.",
        "The class bad_head is in no task; its clips are unlabelled ones, as all clips of training days.",
        "Frame rate and resolution are not documented.",
    ),
)
