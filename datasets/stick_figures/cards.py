"""The card of the embedded stick figures."""

from __future__ import annotations

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.schemes import FOLDS, ONE_CLASS, ONE_CLASS_CLEAN, ONE_CLASS_LEAKY
from aqa_bench.core.task import Modality, Task, TaskKind, Unit

__all__ = ["CARD", "FORM"]

FORM = Task(
    id="form",
    name="Is the form bad?",
    kind=TaskKind.BINARY,
    unit=Unit.SEQUENCE,
    primary="accuracy",
    secondary=("f1", "f1_good", "balanced_accuracy", "auroc", "ap", "mcc"),
    description="1 = the figure was drawn with a fault (bent arms at the top, elbows behind the trunk, "
    "or leaning back), 0 = without.",
)

CARD = DatasetCard(
    id="stick-figures/shoulder-press",
    name="Stick figures: shoulder press",
    licence="Apache-2.0",
    source="Drawn by this benchmark; no person was filmed.",
    citation="aqa-bench",
    access="Embedded: drawn in memory whenever it is opened.",
    tasks=(FORM,),
    schemes=(FOLDS, ONE_CLASS, ONE_CLASS_CLEAN, ONE_CLASS_LEAKY),
    provides=frozenset({Modality.KEYPOINTS}),
    notes=(
        "60 clips, 24 with a fault, of 30 figures that perform twice; a figure is good or bad in both clips.",
        "It stands in for Pose Trainer where that is not at hand; results on it say nothing about people.",
        "Mild faults overlap with the variation of good form, so that no rule on one angle is perfect.",
    ),
)
